use super::*;
use crate::protocol::params::Repeatable;

fn params(text: &str) -> Params {
    Params::from_form(text.as_bytes(), Repeatable::Protocol).unwrap()
}

#[test]
fn tokens_travel_in_a_fragment_or_a_form_and_a_code_where_it_was_asked_for() {
    for (text, code, token) in [
        ("", Ok(ResponseMode::Query), Ok(ResponseMode::Fragment)),
        ("response_mode=query", Ok(ResponseMode::Query), Err(Refusal::ResponseModeUnsupported)),
        ("response_mode=fragment", Ok(ResponseMode::Fragment), Ok(ResponseMode::Fragment)),
        ("response_mode=form_post", Ok(ResponseMode::FormPost), Ok(ResponseMode::FormPost)),
        ("response_mode=smoke", Err(Refusal::ResponseModeUnsupported), Err(Refusal::ResponseModeUnsupported)),
    ] {
        let params = params(text);
        for asked in ResponseType::ALL.iter().copied() {
            let expected = if asked.is_front_channel() { &token } else { &code };
            assert_eq!(&ResponseMode::parse(&params, asked), expected, "{text} {}", asked.name());
        }
    }
}

#[test]
fn an_error_travels_as_the_answer_would_have() {
    for (text, mode) in [
        ("", ResponseMode::Query),
        ("response_type=code", ResponseMode::Query),
        ("response_type=code&response_mode=smoke", ResponseMode::Query),
        ("response_type=magic&response_mode=form_post", ResponseMode::FormPost),
        ("response_mode=fragment", ResponseMode::Fragment),
        ("response_type=token+code", ResponseMode::Fragment),
        ("response_type=id_token&response_mode=query", ResponseMode::Fragment),
        ("response_type=id_token&response_mode=form_post", ResponseMode::FormPost),
    ] {
        assert_eq!(ResponseMode::for_error(&params(text)), mode, "{text}");
    }
}
