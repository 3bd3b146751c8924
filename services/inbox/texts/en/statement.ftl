# The statement of a school morning.
menu-statement = Statement
statement-title = Statement of the school morning
statement-none = There is no statement yet
statement-none-text = The first is made at 8:30am on the next school morning.
statement-other-days = Other mornings
statement-balanced = In = out: everything that came in is accounted for
statement-unbalanced = This statement does not balance
statement-unbalanced-count = { $count ->
    [one] { $count } notice is missing: it is not acknowledged, not escalated and not withheld.
   *[other] { $count } notices are missing: they are not acknowledged, not escalated and not withheld.
}
statement-period = Everything from { $since } to { $until }.
statement-period-first = The first statement: everything up to { $until }.
statement-incidents = { $count ->
    [one] { $count } incident came in
   *[other] { $count } incidents came in
}
statement-children = { $count ->
    [one] with { $count } child. A notice is about one child, and goes to one school or desk.
   *[other] with { $count } children. A notice is about one child, and goes to one school or desk.
}
statement-balance = In and out
statement-in = In
statement-out = Out
statement-notices = Notices
statement-carried = Still open from the statement before
statement-arrived = New
statement-returned = Open again
statement-total = Total
statement-acknowledged = Acknowledged by a person
statement-escalated = Escalated to a named person
statement-withheld = Withheld with a reason
statement-moved = Gone on to another authority
statement-waiting = Waiting, and the bell has not rung
statement-missing = Missing
statement-of-late = { $label } (of these { $late } late)
statement-lines-authorities = By who was told
statement-lines-forces = By police force
statement-nobody = Nobody was told
statement-a-force = Police force { $code }
statement-an-authority = Authority { $code }
statement-column-in = In
statement-column-acknowledged = Acknowledged
statement-column-escalated = Escalated
statement-column-withheld = Withheld
statement-column-waiting = Waiting
statement-column-missing = Missing
statement-to-whom = Escalated to whom
statement-to-desk = Duty desk of { $authority }: { $reason }
statement-to-officer = Officer { $officer }: { $reason }
statement-why-withheld = Why withheld
statement-why-late = Why late
statement-why-late-text = Late means acknowledged or escalated after the bell, the start of the first session of the child's school.
statement-changed = What has become of earlier ones
statement-changed-text = Earlier statements stay as they are. This has happened since.
statement-change = { $from }, and now { $to }
statement-none-of-these = None

statement-end-acknowledged = acknowledged
statement-end-escalated = escalated
statement-end-withheld = withheld
statement-end-moved = with another authority
statement-end-other = otherwise over

statement-cause-not-taken-in = A report was accepted and could not be read; it lies with the dead letters
statement-cause-no-duty = A child of a report, and nobody is to be told
statement-cause-not-delivered = Released, and not in the recipient's inbox
statement-cause-past-bell = The bell has rung, and nobody has it
statement-cause-unanswered = A desk or a force has had it for more than a day
statement-cause-no-officer = Escalated to a desk on which there is nobody
statement-cause-gone = Open in the statement before, and no trace of it since
statement-cause-other = For another reason
statement-ids = For whoever runs the hub
statement-and-more = and { $count } more

statement-late-released-late = it was released when the bell had rung
statement-late-outage = the hub did not look in time
statement-late-no-contact = nobody at the school could be told
statement-late-step-failed = every message to the school failed
statement-late-unacknowledged = somebody at the school was told, and nobody answered
statement-late-not-recorded = it was not recorded why
statement-late-other = for another reason

statement-reason-unacknowledged = nobody at the school acknowledged it in time
statement-reason-no-contact = the school has no key adult who may receive it
statement-reason-conflict = everybody at the school who could receive it is involved
statement-reason-conflict-unknown = it is not known whether somebody at the school is involved
statement-reason-school-unknown = it is not known which school the child is at
statement-reason-closed = the school is closed
statement-reason-re-routed = the child was not on the roll of the school first told
statement-reason-not-recorded = it was not recorded why
statement-reason-other = for another reason

statement-withheld-withdrawn = police withdrew the report
statement-withheld-no-longer-applies = a correction by police made it unnecessary
statement-withheld-told-elsewhere = another recipient knows already
statement-withheld-not-under-18 = the person is not under 18
statement-withheld-force-not-opted-in = the force does not tell early years settings
statement-withheld-conflict-unknown = it is not known whether a recipient is involved
statement-withheld-not-a-recipient = the recipient is none under the rules
statement-withheld-lives-in-force-area = the child lives in the area of the force itself
statement-withheld-rules-unavailable = the rules could not be read
statement-withheld-no-rule-permits = no rule permits it
statement-withheld-agreement-not-live = the agreement is not in force
statement-withheld-not-recorded = it was not recorded why
statement-withheld-other = for another reason

statement-month = The month
statement-month-alt = { $count ->
    [one] Bars of { $count } morning, { $first }.
   *[other] Bars of { $count } mornings, { $first } to { $last }.
}
statement-month-sums = Together: { $acknowledged } acknowledged in time, { $escalated } escalated in time, { $late } late, { $missing } missing.
statement-month-table = The same as a table
statement-morning = Morning
statement-key-acknowledged = Acknowledged in time
statement-key-escalated = Escalated in time
statement-key-late = Late
statement-key-missing = Missing

statement-signed = Signed
statement-signed-text = This statement never changes. What happens later is in the next one. Whoever has the hub's public key can verify it without asking anybody: mash statement verify
statement-name = Name
statement-digest = Digest (SHA-256)
statement-signature = Signature (Ed25519)
statement-key = Public key

public-title = Public figures
public-lead = How notices of Operation Encompass ended, for the whole of { $month }.
public-rule = A number from 1 to 4 is not shown. Every other number is rounded to the nearest 5. Totals are sums of what is shown, so they are lower than the truth where something is not shown.
public-force = Police force
public-authority = Authority
public-acknowledged = Acknowledged in time
public-acknowledged-late = Acknowledged late
public-escalated = Escalated
public-withheld = Withheld
public-fewer = fewer than 5
public-total = Total of what is shown
public-not-shown = { $count ->
    [one] { $about } and { $count } number that is not shown
   *[other] { $about } and { $count } numbers that are not shown
}
