# The desk of an authority.
desk-title = Desk
desk-lead = What no school has. Each has an owner and a clock.
desk-none = Nothing is at the desk
desk-waiting = { $count ->
    [one] { $count } notice is at the desk
   *[other] { $count } notices are at the desk
}
desk-reason = Why it is here
desk-owner = Owner
desk-owner-none = Nobody yet
desk-clock = Clock
desk-clock-passed = Passed { $time }
desk-clock-arrived = Arrived { $time }
desk-school = School
desk-owner-taken = { $officer } has it, since { $time }
desk-owner-not-taken = { $officer }, who has not taken it yet
desk-take = I take this
desk-take-over = Take this over from { $officer }
desk-taken-now = You have it now. The others at your desk can see that.
desk-taken-by = { $officer } has taken it already
desk-done = This has been seen to
desk-done-now = Thank you. It is off the list.
desk-not-taken = Take it first: only whoever has it can say that it has been seen to.
desk-duties = { $count ->
    [one] { $count } other thing to see to
   *[other] { $count } other things to see to
}
desk-duties-lead = The oldest comes first. Nothing here says whom it is about.
desk-duties-more = There are more. These are the oldest.
duty-due = See to it by
duty-since = Since
duty-code = Code, for whoever runs the hub
duty-sent-back = { $school } sent a notice back
duty-sent-back-text = The school said that the child is not on its roll. The notice went on at once to where the child may be. Correct the roll or the directory, so that the next one goes right.
duty-unreadable = Something for { $school } could not be read
duty-unreadable-text = A notice for the school may be missing. Ask whoever runs the hub to look at it now. If the school day begins before that, telephone the school.
duty-unreadable-own = Something for your authority could not be read
duty-unreadable-own-text = A notice for one of your desks may be missing. Ask whoever runs the hub to look at it now.
