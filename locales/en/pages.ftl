# The words of every page, in English. HTML: only <strong> and <code>, only where a text is shown as HTML.
# Names that strangers chose arrive escaped and isolated; write { $app } as if it were plain.

## Everywhere

error-prefix = Error:
skip = Skip to the content
foot = About this server
help = Help
privacy = Privacy
terms = Terms
sign-in = Sign in
cancel = Cancel
allow = Allow
continue = Continue
reference = Reference
form-expired = This page was open too long. Check what you typed, then send it again.
form-no-cookie = Your browser sent no cookie. Allow cookies for this site, then send this again.
date = { $day } { $month ->
        [1] Jan
        [2] Feb
        [3] Mar
        [4] Apr
        [5] May
        [6] Jun
        [7] Jul
        [8] Aug
        [9] Sep
        [10] Oct
        [11] Nov
       *[12] Dec
    } { $year }
instant = { date } { $time } UTC
ago-now = just now
ago-minutes = { $count ->
        [one] 1 minute ago
       *[other] { $count } minutes ago
    }
ago-hours = { $count ->
        [one] 1 hour ago
       *[other] { $count } hours ago
    }
ago-days = { $count ->
        [one] yesterday
       *[other] { $count } days ago
    }

## Front door

home-words = Sign in to see your account and the apps connected to it.

## Sign in

login-title = Sign in
login-for-host = to continue to <strong>{ $app }</strong> ({ $host })
login-for = to continue to <strong>{ $app }</strong>
login-for-device = to connect a device
login-username = Username or email
login-password = Password
login-remember = Keep me signed in on this device
login-wrong = That username and password don’t match. Check both and try again.
login-another = The app asks for another account than the one you are signed in with.
login-slow-down = Too many attempts. Wait a moment, then try again.

## Sign up

signup-title = Create an account
signup-button = Create account
signup-instead = Sign in with an account you have

## Several accounts

choose-title = Choose an account
choose-in-use = In use
choose-remove = Sign out of { $name }
choose-gone = That account is no longer signed in here. Choose another one, or sign in.

## Consent

consent-title = Allow { $app } to access your account?
consent-owner = by { $owner }
consent-expired = This page was open too long. Look it over, then choose again.
consent-signed-in = Signed in as
consent-switch = Use another account
consent-list = { $app } will be able to
consent-danger = Take care with
consent-nothing = It learns nothing about you but that you allowed it.
consent-public = See your public profile
consent-new = New
consent-optional = optional
consent-for = For
consent-to-host = After you allow, you go to <strong>{ $host }</strong>.
consent-to-loopback = This sends access to a program <strong>on this computer</strong>. Continue only if you just started it.
consent-to-scheme = This opens the app registered for <strong>{ $scheme }://</strong> on this device.
consent-revoke = You can remove this access any time in your account, under Connected apps.
consent-before = You allowed { $app } on { $date }.
consent-policy = Privacy policy of { $app }
consent-terms = Terms of { $app }
standing-first-party = Part of { $instance }
standing-verified = Verified by an administrator
standing-administrator = Added by an administrator
standing-owner = Added by { $owner }
standing-not-verified = Not verified
standing-not-verified-words = <strong>Not verified.</strong> This app registered itself; { $instance } has not checked it.

## A device

device-title = Connect a device
device-enter = Enter the code shown on your device.
device-code = Code
device-warning = Only continue if you started this yourself. No support team will ever ask you to enter a code.
device-wrong = That code isn’t valid or has expired. Check it on your device.
device-slow-down = Too many wrong codes. Wait a moment, then try again.
device-asks = <strong>Another device</strong> wants to use { $app } with your account.
device-asked = Asked
device-from = From
device-from-unknown = unknown
device-yes = Yes, connect it
device-connected = Connected
device-connected-words = You can close this page, and go on with your device.
device-denied = Not connected
device-denied-words = The device gets no access to your account.
device-apps = Your connected apps

## What apps may do

scope-openid = Know who you are
scope-profile = See your name, username and picture
scope-email = See your email address
scope-phone = See your phone number
scope-address = See your postal address
scope-groups = See which groups you are in
scope-offline-access = Stay connected when you are away
scope-without-words = Use the permission “{ $scope }” of { $resource }

## A request we cannot accept

refused-title = { $app } can’t sign you in right now
refused-title-unknown = The app can’t sign you in right now
refused-words = The app sent a request that { $instance } can’t accept. Nothing was shared.
refused-advice = Go back to the app and try again. If it keeps happening, tell the people who make it.
refused-declined = You did not allow it
refused-declined-words = Nothing was shared. You can close this page.
refused-unvouched = { $instance } does not know this app, so it does not send you on by itself.
refused-onward = Go back to { $host }
refused-details = Details for the app’s developer
refused-error = Error
refused-received = Received
refused-registered = Registered
refused-none-registered = nothing
refused-nearest = Nearest
refused-difference = Difference
refused-fix = To mend
continue-title = Continue to { $app }
continue-sign-in = Continue signing in
form-post-words = Your answer is on its way to the app.
continue-words = One more step: { $instance } has to look at your sign-in before it goes on.

## Notices

notice-already-done = Already done
notice-already-done-words = Your answer has been sent. You can close this page.
notice-stale = This request is too old
notice-stale-words = A request to sign in waits for an hour. Go back to the app and start again.
notice-cookies = Your browser blocked a cookie
notice-cookies-words = { $instance } needs one cookie to sign you in. Allow cookies for this site, then try again.
notice-wrong-browser = Begun in another browser
notice-wrong-browser-words = This sign-in was started somewhere else. Finish it in the browser where you began, or start again from the app.
notice-not-found = There is nothing here
notice-not-found-words = The address may be mistyped, or the page has moved.
notice-method = That doesn’t work here
notice-method-words = This page was asked for in a way it doesn’t know. Nothing was changed.
notice-too-many = Too many requests
notice-too-many-words = Wait a minute, then try again.
notice-busy = Back in a moment
notice-busy-words = { $instance } is busy and could not finish. Nothing was lost; try again shortly.
notice-broken = Something went wrong on our side
notice-broken-words = It has been logged. If it happens again, tell your administrator the reference below.
notice-foreign-post = That form came from another site
notice-foreign-post-words = For your safety nothing was done. If you meant to do it, do it here.
notice-back = Back to { $app }
notice-retry = Try again
notice-home = Go to the start page

## Account

account-nav = Account
account-overview = Overview
account-profile = Profile
account-apps = Connected apps
account-sessions = Sessions
account-switch = Switch account
account-sign-out = Sign out
overview-name = Name
overview-username = Username
overview-email = Email
overview-last-sign-in = Last sign-in
overview-apps = { $count ->
        [0] No app has access to your account.
        [one] 1 app has access to your account.
       *[other] { $count } apps have access to your account.
    }
overview-theft = { $app } lost its access to your account on { $date }: a key it had already used was used again, as happens when somebody has copied it. If you use the app, sign in to it again.
overview-apps-link = See connected apps
overview-sessions-words = See where you are signed in, and sign out there.
overview-sessions-link = See sessions
profile-words = Apps see this where you allow them to. Leave empty what you would rather not say.
profile-saved = Saved.
profile-save = Save
profile-about = About you
profile-reach = How to reach you
profile-address = Postal address
profile-unverified = Nobody has checked that this is yours, and apps are told so.
profile-birthdate-hint = As in 1815-12-10; 0000-12-10 leaves the year out.
profile-zoneinfo-hint = As in Europe/London.
profile-locale-hint = As in en or pt-BR.
profile-name-bad = The name may have 80 characters at most, and none that hide or turn text.
profile-text-bad = { $field }: { $count } characters at most, and none that hide or turn text.
profile-url-bad = { $field }: enter a web address like https://ada.example.com/.
profile-birthdate-bad = Enter a date of birth like 1815-12-10, 0000-12-10 or 1815.
profile-zoneinfo-bad = Enter a time zone like Europe/London.
profile-locale-bad = Enter a language like en or pt-BR.
profile-phone-bad = Enter a phone number with its country’s code, like +44 20 7946 0018.
apps-words = These apps can use your account. An app you remove loses its access now; what it already copied stays with it.
apps-empty = No app has access to your account.
apps-empty-words = When you allow an app, it appears here, and here you can take it back.
apps-removed = { $app } has lost access.
apps-local = a program on your computer
apps-may = It can
apps-more = { $count } more
apps-allowed = Allowed { $date }
apps-since = Access since { $date }
apps-last-used = last used { $ago }
apps-never-used = never used
apps-start = Open { $app }
apps-remove = Remove access
apps-remove-label = Remove access: { $app }
sessions-words = You are signed in with these browsers. Sign out where you don’t know one.
sessions-this = this browser
sessions-address = Address { $address }
sessions-signed-in = Signed in { $date }
sessions-last-seen = last seen { $ago }
sessions-end = Sign out
sessions-end-label = Sign out: { $device }, { $address }
sessions-end-others = Sign out everywhere else
sessions-ended-one = That browser is signed out.
sessions-ended-others = You are signed out everywhere else.
device-both = { $browser } on { $system }
device-one = { $what }
device-unknown = Unknown browser

## Sign out

logout-title = Sign out of { $instance }?
logout-asked = { $app } asked to sign you out.
logout-words = Apps that ask to be told sign you out too. What you allowed other apps stays.
logout-mistake = There is an error in what the app asked for, so nothing leads back to it from here. Signing out works all the same.
logout-one = You are signing out as <strong>{ $name }</strong>. The other accounts in this browser stay signed in.
logout-yes = Sign out
logout-all = Sign out of all accounts
logout-no = Stay signed in
logout-done = You’re signed out
logout-left = { $name } is signed out
logout-back-host = Back to { $app } ({ $host })
logout-done-words = You can close this page.
logout-others = Other accounts in this browser are still signed in.
logout-telling = The apps you were signed in to are told as well.
logout-frame = Signing out of { $app }
logout-again = Sign in again

## Setup

setup-title = Welcome
setup-words = Create the first administrator.
setup-button = Create administrator
setup-password-title = Choose a password
setup-password-for = for <strong>{ $username }</strong>
setup-password-button = Save password
setup-done-title = You’re all set
setup-done-words = The administrator exists, and { $instance } is ready.
setup-done-next = Next: register an app
setup-done-commands = In the terminal where the server lives:
setup-done-account = Go to your account
setup-expired-title = This link no longer works
setup-expired-words = A link works once, and only for a short time. On the server, this prints another:
setup-used-words = A link works once, and only for a short time. If you have just used it, you can sign in. If not, ask your administrator for another.
errors-title = Please check these:
field-name = Name
field-username = Username
field-email = Email
field-password = Password
field-given-name = Given name
field-family-name = Family name
field-middle-name = Middle name
field-nickname = Nickname
field-profile = Profile page
field-picture = Picture’s address
field-website = Website
field-gender = Gender
field-birthdate = Date of birth
field-zoneinfo = Time zone
field-locale = Language
field-phone-number = Phone number
field-street-address = Street and number
field-locality = Town
field-region = State or region
field-postal-code = Postal code
field-country = Country
field-optional = Optional
password-hint = At least { $count } characters. A few words in a row are easy to keep in mind.
error-username-missing = Enter a username.
error-password-missing = Enter a password.
error-name-long = The name may have { $count } characters at most.
error-username-long = The username may have { $count } characters at most.
error-email-long = The email address may have { $count } characters at most.
error-password-long = The password may have { $count } characters at most.
error-password-short = The password needs at least { $count } characters.
error-password-common = Too many people use that password. Choose another.
error-username-invalid = A username may have only letters, digits and the signs . _ - +
error-username-taken = That username is taken. Choose another.
error-username-address = A username cannot have the sign @. The email address has a field of its own.
error-email-invalid = Enter an email address like name@example.com.
error-email-taken = That email address already belongs to an account.
