use super::*;

const ADA: Person<'static> = Person {
    id: 1207,
    name: "Ada King Lovelace",
    username: "ada",
    email: Some("ada@example.com"),
    picture: "https://id.example/p.svg",
};

fn members(fields: Option<&str>, version: Option<&str>) -> Vec<String> {
    let version = version.map(|text| Version::parse(text).unwrap());
    ADA.to_json(&Fields::parse(fields, version)).as_object().unwrap().keys().cloned().collect()
}

#[test]
fn a_person_is_told_by_the_fields_that_are_named_and_the_id_always() {
    let asked = "id,name,last_name,first_name,middle_name,gender,link,email,picture";
    assert_eq!(
        ADA.to_json(&Fields::Named(asked)),
        json!({"id": "1207", "name": "Ada King Lovelace", "first_name": "Ada King", "last_name": "Lovelace",
               "email": "ada@example.com",
               "picture": {"data": {"height": 50, "is_silhouette": true, "url": "https://id.example/p.svg",
                                    "width": 50}}})
    );
    assert_eq!(members(Some("birthday"), None), ["id"]);
    assert_eq!(members(Some(" name , email"), None), ["email", "id", "name"]);
}

#[test]
fn what_is_asked_of_a_field_is_no_field() {
    for asked in
        ["picture.type(large)", "picture{url,name}", "picture.width(9).height(9){url}", "a(name,email),picture"]
    {
        assert_eq!(members(Some(asked), Some("2.12")), ["id", "picture"], "{asked}");
    }
    assert_eq!(members(Some("}})),name"), None), ["id", "name"]);
    assert_eq!(members(Some("((((,name"), None), ["id"]);
}

#[test]
fn without_fields_newer_versions_tell_less() {
    assert_eq!(members(None, Some("2.4")), ["id", "name"]);
    assert_eq!(members(None, Some("19.0")), ["id", "name"]);
    for older in [None, Some("2.3"), Some("1.0")] {
        assert_eq!(members(None, older), ["email", "first_name", "id", "last_name", "name", "username"]);
    }
}

#[test]
fn a_single_name_is_a_first_name() {
    let plain = Person { name: "ada", email: None, ..ADA };
    assert_eq!(
        plain.to_json(&Fields::Usual),
        json!({"id": "1207", "name": "ada", "first_name": "ada", "username": "ada"})
    );
}
