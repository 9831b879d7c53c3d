//! The engine as it runs for ever, between an API server and an account that both live in this process.

#[path = "../crash/account.rs"]
#[expect(dead_code, reason = "here the API server keeps finalizers")]
mod account;
mod bindings;
mod bounds;
mod denied;
mod leftovers;
mod objects;
mod replaced;
mod stand;
