# Y cyfrif.
account-title = Eich cyfrif
account-name = Enw
account-organisation = Ysgol neu awdurdod
account-language = Eich iaith
account-language-hint = Bydd tudalennau ac e-byst yn yr iaith hon.
account-language-save = Cadw
account-language-saved = Wedi'i gadw
account-sessions = Ble rydych wedi mewngofnodi
account-sessions-text = Os ydych wedi colli dyfais, neu wedi anghofio allgofnodi yn rhywle, rhowch derfyn ar bob sesiwn.
account-sign-out-everywhere = Allgofnodi ym mhobman
