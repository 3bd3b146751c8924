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
desk-owner-taken = Mae { $officer } yn delio ag ef, ers { $time }
desk-owner-not-taken = { $officer }, nad yw wedi'i gymryd eto
desk-take = Fe wnaf i ddelio â hwn
desk-take-over = Cymryd hwn drosodd oddi wrth { $officer }
desk-taken-now = Chi sy'n delio ag ef nawr. Gall y lleill wrth eich desg weld hynny.
desk-taken-by = Mae { $officer } eisoes yn delio ag ef
desk-done = Deliwyd â hwn
desk-done-now = Diolch. Nid yw ar y rhestr mwyach.
desk-not-taken = Cymerwch ef yn gyntaf: dim ond y sawl sy'n delio ag ef a all ddweud ei fod wedi'i wneud.
desk-duties = { $count ->
    [zero] Nid oes dim arall i ddelio ag ef
    [one] Mae { $count } peth arall i ddelio ag ef
    [two] Mae { $count } beth arall i ddelio â nhw
    [few] Mae { $count } pheth arall i ddelio â nhw
    [many] Mae { $count } pheth arall i ddelio â nhw
   *[other] Mae { $count } o bethau eraill i ddelio â nhw
}
desk-duties-lead = Yr hynaf sy'n dod gyntaf. Nid oes dim yma'n dweud am bwy y mae.
desk-duties-more = Mae rhagor. Dyma'r rhai hynaf.
duty-due = Delio ag ef erbyn
duty-since = Ers
duty-code = Cod, i bwy bynnag sy'n rhedeg yr hyb
duty-sent-back = Anfonodd { $school } hysbysiad yn ôl
duty-sent-back-text = Dywedodd yr ysgol nad yw'r plentyn ar ei chofrestr. Aeth yr hysbysiad ymlaen ar unwaith i ble gall y plentyn fod. Cywirwch y gofrestr neu'r cyfeiriadur, fel bod yr un nesaf yn mynd i'r lle iawn.
duty-unreadable = Nid oedd modd darllen rhywbeth ar gyfer { $school }
duty-unreadable-text = Gall fod hysbysiad i'r ysgol ar goll. Gofynnwch i bwy bynnag sy'n rhedeg yr hyb edrych arno nawr. Os bydd y diwrnod ysgol yn dechrau cyn hynny, ffoniwch yr ysgol.
duty-unreadable-own = Nid oedd modd darllen rhywbeth ar gyfer eich awdurdod
duty-unreadable-own-text = Gall fod hysbysiad i un o'ch desgiau ar goll. Gofynnwch i bwy bynnag sy'n rhedeg yr hyb edrych arno nawr.
