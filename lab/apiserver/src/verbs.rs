//! What the verbs do: list, get, create, replace, patch, delete, each with the rules of Kubernetes' API
//! conventions on concurrency, status and finalizers.

use http::Method;
use serde_json::{Value, json};

use crate::{
    Place,
    answer::Refusal,
    patch,
    request::Request,
    selector::Selector,
    state::{State, finalizers, is_deleting},
};

/// Collections whose `status` is written apart from the rest.
const WITH_STATUS: [&str; 6] = [
    "networking.k8s.io/v1/ingresses",
    "elbv2.k8s.aws/v1beta1/targetgroupbindings",
    "v1/services",
    "v1/nodes",
    "v1/pods",
    "v1/namespaces",
];

impl State {
    /// One request that is no watch.
    pub(crate) fn handle(&mut self, request: &Request, now: &str) -> Result<Value, Refusal> {
        if self.absent.contains(&request.place.collection) {
            return Err(Refusal::no_such_kind());
        }
        let named = !request.place.name.is_empty();
        match (&request.method, named) {
            (&Method::GET, false) => self.list(request),
            (&Method::GET, true) => self.get(&request.place).cloned(),
            (&Method::POST, false) => self.post(request, now),
            (&Method::PUT, true) => self.put(request),
            (&Method::PATCH, true) => self.patch(request, now),
            (&Method::DELETE, true) => self.delete(&request.place, &request.body, now),
            _ => Err(Refusal::bad_request("this method is not supported here")),
        }
    }

    fn get(&self, place: &Place) -> Result<&Value, Refusal> {
        self.objects.get(place).ok_or_else(|| Refusal::not_found(place))
    }

    fn list(&self, request: &Request) -> Result<Value, Refusal> {
        // Who asks by label asks for what is true now; what feeds a watch may come out of a cache.
        let asks_now = request.asked("labelSelector").is_some();
        let lag = if asks_now { 0 } else { self.faults.lists_lag };
        let now = self.revision.saturating_sub(lag);
        let (revision, from) = match request.asked("continue").and_then(|it| it.split_once(':')) {
            Some((revision, from)) => (revision.parse().unwrap_or_default(), from.parse().ok()),
            None => (now, None),
        };
        if from.is_some() && revision < self.compacted {
            return Err(Refusal::expired(revision, self.compacted));
        }
        let all = self.objects_at(revision, &Selector::of(request));
        let limit = request.asked("limit").and_then(|it| it.parse().ok()).unwrap_or(usize::MAX);
        let from: usize = from.unwrap_or_default();
        let to = from.saturating_add(limit.max(1)).min(all.len());
        let mut metadata = json!({ "resourceVersion": revision.to_string() });
        if to < all.len() {
            metadata["continue"] = json!(format!("{revision}:{to}"));
            metadata["remainingItemCount"] = json!(all.len() - to);
        }
        let items: Vec<Value> = all.into_values().skip(from).take(to - from).collect();
        Ok(json!({ "kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items }))
    }

    fn post(&mut self, request: &Request, now: &str) -> Result<Value, Refusal> {
        let meta = &request.body["metadata"];
        let name = match (meta["name"].as_str(), meta["generateName"].as_str()) {
            (Some(name), _) => name.to_owned(),
            (None, Some(stem)) => format!("{stem}{:05x}", self.revision + 1),
            (None, None) => return Err(Refusal::invalid("metadata.name: Required value")),
        };
        let place = Place { name, ..request.place.clone() };
        match self.objects.contains_key(&place) {
            true => Err(Refusal::already_exists(&place)),
            false => Ok(self.create(&place, request.body.clone(), now)),
        }
    }

    fn put(&mut self, request: &Request) -> Result<Value, Refusal> {
        self.change(&request.place, request.body.clone(), request.status)
    }

    fn patch(&mut self, request: &Request, now: &str) -> Result<Value, Refusal> {
        let place = &request.place;
        let applied = request.content_type.starts_with("application/apply-patch");
        let Some(before) = self.objects.get(place) else {
            return match applied {
                true => Ok(self.create(place, request.body.clone(), now)),
                false => Err(Refusal::not_found(place)),
            };
        };
        // Without a version of its own a patch is for whatever there is.
        let after = patch::patched(before, &request.body, &request.content_type)?;
        self.change(place, after, request.status)
    }

    /// Puts another content in an object's place.
    fn change(&mut self, place: &Place, mut after: Value, status: bool) -> Result<Value, Refusal> {
        let before = self.get(place)?.clone();
        let version = after["metadata"]["resourceVersion"].as_str();
        if version.is_some_and(|it| Some(it) != before["metadata"]["resourceVersion"].as_str()) {
            return Err(Refusal::conflict(place));
        }
        if status {
            let said = after["status"].take();
            after = before.clone();
            after["status"] = said;
        } else if WITH_STATUS.contains(&place.collection.as_str()) {
            match before.get("status") {
                Some(said) => after["status"] = said.clone(),
                None => drop(after.as_object_mut().and_then(|after| after.remove("status"))),
            }
        }
        if is_deleting(&before) && !finalizers(&after).is_subset(&finalizers(&before)) {
            return Err(Refusal::invalid("no new finalizers while the object is being deleted"));
        }
        Ok(self.replace(place, &before, after))
    }

    /// Deletes an object, or marks it where finalizers hold it.
    pub(crate) fn delete(
        &mut self,
        place: &Place,
        options: &Value,
        now: &str,
    ) -> Result<Value, Refusal> {
        let mut object = self.get(place)?.clone();
        for key in ["uid", "resourceVersion"] {
            let wanted = options["preconditions"][key].as_str();
            if wanted.is_some_and(|it| Some(it) != object["metadata"][key].as_str()) {
                return Err(Refusal::conflict(place));
            }
        }
        if finalizers(&object).is_empty() {
            return Ok(self.remove(place, object));
        }
        if is_deleting(&object) {
            return Ok(object);
        }
        object["metadata"]["deletionTimestamp"] = json!(now);
        object["metadata"]["deletionGracePeriodSeconds"] = json!(0);
        Ok(self.store(place, object, "MODIFIED"))
    }
}
