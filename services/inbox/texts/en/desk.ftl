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
