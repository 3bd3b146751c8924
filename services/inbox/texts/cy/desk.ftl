# Desg awdurdod.
desk-title = Desg
desk-lead = Yr hyn nad oes gan unrhyw ysgol. Mae gan bob un berchennog a chloc.
desk-none = Nid oes dim wrth y ddesg
desk-waiting = { $count ->
    [zero] Nid oes hysbysiadau wrth y ddesg
    [one] Mae { $count } hysbysiad wrth y ddesg
    [two] Mae { $count } hysbysiad wrth y ddesg
    [few] Mae { $count } hysbysiad wrth y ddesg
    [many] Mae { $count } hysbysiad wrth y ddesg
   *[other] Mae { $count } hysbysiad wrth y ddesg
}
desk-reason = Pam mae yma
desk-owner = Perchennog
desk-owner-none = Neb eto
desk-clock = Cloc
desk-clock-passed = Aeth heibio { $time }
desk-clock-arrived = Cyrhaeddodd { $time }
desk-school = Ysgol
