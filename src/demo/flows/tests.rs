use std::collections::BTreeSet;

use super::*;
use crate::demo::errors;

#[test]
fn names_are_given_once_and_every_break_is_explained_in_the_list_of_errors() {
    let mut names = BTreeSet::new();
    for flow in ALL {
        assert!(names.insert(flow.name), "{} is there twice", flow.name);
        assert!(!flow.roles.is_empty() && !flow.breaks.is_empty(), "{}", flow.name);
        let mut breaks = BTreeSet::new();
        for broken in flow.breaks {
            assert!(breaks.insert(broken.name), "{}: {} is there twice", flow.name, broken.name);
            let row = errors::find(broken.refusal).unwrap_or_else(|| panic!("{} is not explained", broken.refusal));
            assert!(!row.remedy.contains(['`', '[']) && !row.error.is_empty(), "{row:?}");
        }
    }
}

#[test]
fn an_answer_is_read_from_query_and_fragment() {
    assert_eq!(parameter("http://a/b?c=1&d=%20", "d").as_deref(), Some(" "));
    assert_eq!(parameter("http://a/b#c=1", "c").as_deref(), Some("1"));
    assert_eq!(parameter("http://a/b", "c"), None);
}
