//! Managed prefix lists.

use serde_json::{Value, json};

use super::describe::{self, Catalogue};
use super::network::rest;
use super::state::PrefixList;
use super::{object, tags, text};
use crate::wire::page;
use crate::{Account, Fault};

const CATALOGUE: Catalogue = Catalogue {
    list: "PrefixLists",
    ids: "PrefixListIds",
    id: "PrefixListId",
    missing: ("InvalidPrefixListID.NotFound", "prefix list"),
    filters: &[
        ("owner-id", "OwnerId"),
        ("prefix-list-id", "PrefixListId"),
        ("prefix-list-name", "PrefixListName"),
    ],
};

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    describe::answer(&CATALOGUE, input, account.ec2.prefix_lists.values().map(object).collect())
}

pub(super) fn create(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let max = input["MaxEntries"].as_u64().and_then(|max| usize::try_from(max).ok()).unwrap_or(0);
    let given = input["Entries"].as_array().cloned().unwrap_or_default();
    if given.len() > max {
        let message = format!("The number of entries exceeds the maximum entries of {max}.");
        return Err(Fault::new("PrefixListMaxEntriesExceeded", message));
    }
    for entry in &given {
        let cidr = text(entry, "Cidr");
        cidr.parse::<ipnet::IpNet>().map_err(|_| {
            Fault::new(
                "InvalidParameterValue",
                format!("Value ({cidr}) for parameter Cidr is invalid."),
            )
        })?;
    }
    let tags = tags::specified(account, input, "prefix-list")?;
    let id = format!("pl-{}", account.fresh_hex(17));
    let settings = &account.settings;
    let arn = format!("arn:aws:ec2:{}:{}:prefix-list/{id}", settings.region, settings.account_id);
    let list = PrefixList {
        prefix_list_id: id.clone(),
        prefix_list_name: text(input, "PrefixListName").to_owned(),
        max_entries: max,
        entries: given,
        tags,
        rest: rest(json!({
            "AddressFamily": input["AddressFamily"],
            "OwnerId": settings.account_id,
            "PrefixListArn": arn,
            "State": "create-complete",
            "Version": 1,
        })),
    };
    let tree = object(&list);
    account.ec2.prefix_lists.insert(id, list);
    Ok(json!({"PrefixList": tree}))
}

pub(super) fn entries(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let id = text(input, "PrefixListId");
    let list = account.ec2.prefix_lists.get(id).ok_or_else(|| {
        let message = format!("The prefix list ID '{id}' does not exist");
        Fault::new("InvalidPrefixListID.NotFound", message)
    })?;
    page::page(&page::EC2, input, "Entries", list.entries.clone())
}
