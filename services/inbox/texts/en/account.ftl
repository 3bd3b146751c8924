# The account.
account-title = Your account
account-name = Name
account-organisation = School or authority
account-language = Your language
account-language-hint = Pages and emails are in this language.
account-language-save = Save
account-language-saved = Saved
account-sessions = Where you are signed in
account-sessions-text = If you have lost a device, or have forgotten to sign out somewhere, end every session.
account-sign-out-everywhere = Sign out everywhere
