//! Where the API server keeps each kind.

use inroad_words::Kind;
use k8s_openapi::api::{
    core::v1::{Namespace, Node, Pod, Service},
    discovery::v1::EndpointSlice,
    networking::v1::{Ingress, IngressClass},
};
use kube::api::ApiResource;

/// Group, version and plural of a kind.
pub(crate) fn resource(kind: Kind) -> ApiResource {
    let elbv2 = |kind: &str, plural: &str| ApiResource {
        group: "elbv2.k8s.aws".into(),
        version: "v1beta1".into(),
        api_version: "elbv2.k8s.aws/v1beta1".into(),
        kind: kind.into(),
        plural: plural.into(),
    };
    match kind {
        Kind::Ingress => ApiResource::erase::<Ingress>(&()),
        Kind::IngressClass => ApiResource::erase::<IngressClass>(&()),
        Kind::IngressClassParams => elbv2("IngressClassParams", "ingressclassparams"),
        Kind::TargetGroupBinding => elbv2("TargetGroupBinding", "targetgroupbindings"),
        Kind::Service => ApiResource::erase::<Service>(&()),
        Kind::EndpointSlice => ApiResource::erase::<EndpointSlice>(&()),
        Kind::Node => ApiResource::erase::<Node>(&()),
        Kind::Pod => ApiResource::erase::<Pod>(&()),
        Kind::Namespace => ApiResource::erase::<Namespace>(&()),
    }
}
