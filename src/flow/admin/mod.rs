//! Administrators' use cases.
