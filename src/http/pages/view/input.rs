//! A field of a form.

use crate::http::text::Html;

/// A field as `parts/field.html` shows it.
#[derive(Debug)]
pub(super) struct Input<'a> {
    /// Its name in the form.
    pub(super) name: &'static str,
    /// What stands before it.
    pub(super) label: Html,
    /// `text`, `password` and the like; `lines` for several. Not `email`: browsers refuse letters outside ASCII there,
    /// or write the host otherwise.
    pub(super) kind: &'static str,
    /// What a browser fills in (HTML, autofill).
    pub(super) autocomplete: &'static str,
    /// What stands in it.
    pub(super) value: &'a str,
    /// Said below the label.
    pub(super) hint: Option<Html>,
    /// What was wrong with it.
    pub(super) error: Option<Html>,
    /// Must something stand in it?
    pub(super) required: bool,
}
