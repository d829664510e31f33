use super::*;

#[test]
fn a_form_is_found_by_its_id_with_what_it_sends_by_itself() {
    let html = "<form method=\"post\" action=\"/a\" id=\"one\"><input type=\"hidden\" name=\"csrf\" value=\"x\"></form>\
                <form method=\"post\" action=\"/b?c=1&#38;d=2\" id=\"login\">\
                <input type=\"hidden\" name=\"csrf\" value=\"a&#34;b&amp;lt;\"><input type=\"text\" name=\"username\" value=\"no\">\
                </form>";
    let found = form(html, "login").expect("a form");
    assert_eq!(found.action, "/b?c=1&d=2");
    assert_eq!(found.fields, [("csrf".to_owned(), "a\"b&lt;".to_owned())]);
    assert_eq!(form(html, "consent"), None);
}

#[test]
fn cookies_are_kept_replaced_and_forgotten() {
    let set = |text: &str| vec![("set-cookie".to_owned(), text.to_owned())];
    let mut cookies = Vec::new();
    remember(&mut cookies, &set("a=1; Path=/"));
    remember(&mut cookies, &set("b=2"));
    remember(&mut cookies, &set("a=3"));
    assert_eq!(jar(&cookies), "b=2; a=3");
    remember(&mut cookies, &set("b=; Max-Age=0"));
    assert_eq!(jar(&cookies), "a=3");
}
