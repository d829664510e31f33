//! The pages people see: what they show is in `view`, what they do is in the files beside it.

pub(crate) mod view;
