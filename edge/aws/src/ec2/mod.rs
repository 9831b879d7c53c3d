//! Security groups: ours by tags, and our rules on others' by their description.

mod apply;
mod convert;
mod observe;

pub(crate) use apply::apply;
pub(crate) use convert::{seen_tags, text};
pub(crate) use observe::{all, by_resource, every_group, foundation, groups, groups_of_stack};
