# Y rhestr.
notices-title = Hysbysiadau
notices-none = Nid oes hysbysiadau i chi
notices-none-text = Pan fydd yr heddlu'n dweud wrth eich ysgol am blentyn, bydd yma ar unwaith. Nid oes angen i chi aros ar y dudalen hon.
notices-waiting = { $count ->
    [zero] Nid oes hysbysiadau'n aros amdanoch
    [one] Mae { $count } hysbysiad yn aros amdanoch
    [two] Mae { $count } hysbysiad yn aros amdanoch
    [few] Mae { $count } hysbysiad yn aros amdanoch
    [many] Mae { $count } hysbysiad yn aros amdanoch
   *[other] Mae { $count } hysbysiad yn aros amdanoch
}
notices-waiting-none = Nid oes dim yn aros amdanoch
notices-waiting-lead = Yr amser cynharaf sydd gyntaf. Cydnabyddwch bob un cyn ei amser, rhag iddo fynd at rywun arall.
notices-done = Wedi delio â nhw
notices-more = Tudalen nesaf
notices-first = Tudalen gyntaf
notices-deliver-by = Cydnabod erbyn
notices-received = Derbyniwyd
notices-open-about = Agor yr hysbysiad a dderbyniwyd { $time }
notices-no-bell = Dim amser penodol
state-delivered = Newydd
state-opened = Wedi'i agor
state-acknowledged = Wedi'i gydnabod
state-rejected = Ddim ar ein cofrestr
state-escalated = Gyda'r awdurdod
state-recalled = Wedi'i dynnu'n ôl
state-deleted = Wedi'i dynnu'n ôl, copïau wedi'u dileu
late = Hwyr
changed-since = Wedi newid ers i chi ei gydnabod
calendar-uncertain = Nid yw calendr yr ysgol yn cyrraedd mor bell, felly amcan yw'r amser.
