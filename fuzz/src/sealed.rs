//! Sealed values: interactions, and whatever else travels through a browser (PROTOCOL R-b).

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use countersign::{
    clock::Ts,
    protocol::{
        authorize::interaction::{Interaction, LIFETIME_SECONDS, Unopened},
        dialect::{Dialect, Door},
        params::{Params, Repeatable},
    },
    secret::{Digest, Id, Keyring, Purpose, kind::Browser},
};

use super::world;

struct Genuine {
    keys: Keyring,
    browser: Digest<Browser>,
    began: Ts,
    interaction: Interaction,
    sealed: String,
    device: Vec<u8>,
}

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let (keys, browser, began) = (world::keys(), Digest::of(b"browser"), Ts::from_unix_seconds(1_767_225_600));
    let params = Params::from_form(b"client_id=app&state=x", Repeatable::Protocol).unwrap();
    let door = Door::Dialect(Dialect::Github);
    let (id, seed) = (Id::new(began), [7; 32]);
    let interaction = Interaction { id, began, browser: Some(browser), seed, door, params, signed: true };
    let (sealed, device) = (interaction.seal(&keys), keys.seal(Purpose::Device, b"device", b"known"));
    Genuine { keys, browser, began, interaction, sealed, device }
});

/// Nothing opens that was not sealed here, for this and for this browser.
pub fn holds(data: &[u8]) {
    let Genuine { keys, browser, began, interaction, sealed, device } = &*GENUINE;
    let open = |text: &str| Interaction::open(text, Some(*browser), keys, *began);
    assert_eq!(open(&String::from_utf8_lossy(data)), Err(Unopened::Broken));
    assert_eq!(open(&B64.encode(data)), Err(Unopened::Broken));
    for purpose in [Purpose::Interaction, Purpose::SigningKey, Purpose::Device] {
        assert!(keys.open(purpose, b"interaction", data).is_err());
        assert!(purpose == Purpose::Device || keys.open(purpose, b"device", device).is_err());
    }
    if let Some(changed) = super::changed(sealed.as_bytes(), data) {
        assert_eq!(open(&String::from_utf8_lossy(&changed)), Err(Unopened::Broken));
    }
    if let Some(changed) = super::changed(device, data) {
        assert!(keys.open(Purpose::Device, b"device", &changed).is_err());
    }
    assert_eq!(open(sealed).as_ref(), Ok(interaction), "the genuine one opens");
    let other = Digest::of(data);
    let foreign = if other == *browser { Ok(interaction.clone()) } else { Err(Unopened::Foreign) };
    assert_eq!(Interaction::open(sealed, Some(other), keys, *began), foreign);
    let late = began.plus_seconds(LIFETIME_SECONDS + i64::from(data.first().copied().unwrap_or_default()));
    assert_eq!(Interaction::open(sealed, Some(*browser), keys, late), Err(Unopened::Stale));
    // whatever is asked for comes out of the seal as it went in
    if let Ok(params) = Params::from_form(data, Repeatable::Protocol) {
        let asked = Interaction { params, ..interaction.clone() };
        let sealed = asked.seal(keys);
        assert!(open(&sealed).as_ref() == Ok(&asked) || sealed.len() > 1000);
    }
}
