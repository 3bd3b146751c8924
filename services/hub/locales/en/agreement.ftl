# The words of an agreement as a document.

kind-isp = Information sharing protocol (Wales Accord on the Sharing of Personal Information)
kind-dda = Data disclosure agreement (Wales Accord on the Sharing of Personal Information)
kind-isa = Information sharing agreement

reference = Reference
name = Name in the hub
state = Where it stands on { $day }
supersedes = Takes the place of
superseded = From { $day } its place is taken by { $other }.
terminated = Ended early on { $day } by { $party }: { $reason }.

parties = 1. Parties
party = Party
role = What it does
role-discloser = discloses
role-recipient = receives
role-both = discloses and receives

validity = 2. How long it holds
valid = It holds from the beginning of { $from } to the end of { $until }, in the calendar of the United Kingdom.
warned = The hub warns its parties 60, 30 and 7 days before the last day. After the last day nothing is shared under it.
binds = It binds only parties that have signed, and nobody before two have.
unchanged = Its words never change. Other terms are another agreement.

purposes = 3. What the data is for
flow = Flow
purpose = Purpose
consent = Is consent asked for?
consent-yes = to the service, yes
consent-no = no
ground = Footing
ground-duty = a duty; it does not depend on this agreement
ground-power = a power; it depends on this agreement
purpose-operation-encompass = Telling those who look after a child, after police attended domestic abuse (Operation Encompass)
purpose-child-protection = Protecting a child who may be at risk of harm
purpose-early-help = Help that a family may take or leave
purpose-exploitation = Protecting a child who may be exploited
purpose-child-in-custody = A child in police custody
purpose-missing-child = A missing child
purpose-offender-management = Managing those who offend, and children who do
purpose-accountability = Records, rights and mistakes

clauses = 4. Clauses
clause = Clause { $id }: { $flow }
from = From
to = To
every = every party that is { $kind }
data = Data
often = How often
bases = Lawful basis
frequency-per-event = whenever there is an event
frequency-daily = once a day
frequency-weekly = once a week
frequency-on-request = when the recipient asks
organisation-police = a police force
organisation-school = a school
organisation-authority = a local authority
organisation-health-board = a health board
organisation-provider = a provider of a service
organisation-operator = the operator of the hub

signatures = 5. Signatures
digest = Digest of the terms (SHA-256)
digest-why = Whoever signs confirms these terms and no others. The digest stands for every word of sections 1 to 4 as the hub holds them; another digest is another document.
signed = Signed on { $time } by { $practitioner }, { $office }, under the digest above.
unsigned = Not signed yet.
sign-name = Name
sign-office = Office
sign-signature = Signature
sign-date = Date
office-chief-executive = chief executive
office-chief-officer = chief officer of police
office-director-of-social-services = director of social services
office-head-teacher = head teacher
office-caldicott-guardian = Caldicott guardian
office-senior-information-risk-owner = senior information risk owner
office-data-protection-officer = data protection officer

state-draft = a draft that nobody has signed
state-partly-signed = signed by one party only; it covers nothing yet
state-agreed = signed by two parties; it has not begun
state-live = live
state-expired = expired
state-terminated = terminated
state-superseded = superseded

reason-party-withdraws = the party does not want to go on
reason-breach = it was not kept
reason-law-changed = the law has changed
reason-entered-by-mistake = it was entered by mistake

page = Page
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
