# The list.
notices-title = Notices
notices-none = There are no notices for you
notices-none-text = When police tell your school about a child, it is here at once. You need not stay on this page.
notices-waiting = { $count ->
    [one] { $count } notice waits for you
   *[other] { $count } notices wait for you
}
notices-waiting-none = Nothing waits for you
notices-waiting-lead = The earliest time comes first. Acknowledge each before its time, so that it does not go to somebody else.
notices-done = Dealt with
notices-more = Next page
notices-first = First page
notices-deliver-by = Acknowledge by
notices-received = Received
notices-open-about = Open the notice received { $time }
notices-no-bell = No set time
state-delivered = New
state-opened = Opened
state-acknowledged = Acknowledged
state-rejected = Not on our roll
state-escalated = With the authority
state-recalled = Taken back
state-deleted = Taken back, copies deleted
late = Late
changed-since = Changed since you acknowledged it
calendar-uncertain = The school's calendar does not reach this far, so the time is a guess.
