//! TargetGroupBindings that the real ALBC v3.5.0 left behind, against what we would publish for the same
//! objects. The YAML beside this file was read from a real API server (status and bookkeeping taken out).

use std::collections::BTreeMap;

use inroad_desired::{Shaped, binding_labels, bindings, is_current, publish, shape};
use inroad_intent::{Intent, compile, identities, roots, standing};
use inroad_words::{
    Field, ResourceKey, ResourceKind, StackKey, Unit,
    controller::Controller,
    facts::{Facts, Outputs},
    published::{Published, Standing},
};
use inroad_world::{Change, Lens, World, crd::TargetGroupBinding, manifest};

const ADOPTED: [(&str, &str, usize); 3] = [
    ("basic", include_str!("basic.yaml"), 2),
    ("group", include_str!("group.yaml"), 4),
    ("instance", include_str!("instance.yaml"), 1),
];

struct Adopted {
    world: World,
    controller: Controller,
    outputs: Outputs,
}

/// The world of a file. What AWS decided is known from the bindings themselves.
fn adopted(name: &str, text: &str) -> Adopted {
    let parsed = manifest::parse(name, text);
    assert_eq!((parsed.diagnostics.len(), parsed.unknown.len()), (0, 0), "{name}");
    let changes = parsed.objects.into_iter().map(Change::Applied);
    let (world, _) = World::default().absorb_all(changes);
    let mut controller = Controller::default();
    controller.balancers.cluster_name = "demo".into();
    let mut outputs = Outputs::default();
    for (_, binding) in world.all::<TargetGroupBinding>() {
        controller.balancers.vpc_id.clone_from(&binding.spec.vpc_id);
        let networking = binding.spec.networking.as_ref().expect("all of these manage rules");
        let source = networking.ingress[0].from[0].security_group.as_ref();
        let shared = ResourceKey::new(Unit::Foundation, ResourceKind::SecurityGroup, "backend-sg");
        let id = source.expect("the source is a group").group_id.clone();
        outputs.0.insert((shared, Field::GroupId), id);
    }
    Adopted { world, controller, outputs }
}

impl Adopted {
    fn stacks(&self) -> Vec<StackKey> {
        let stack = |unit| if let Unit::Stack(key) = unit { Some(key) } else { None };
        roots(&self.world, &self.controller).into_iter().filter_map(stack).collect()
    }

    /// A stack as it should be, and what is known of it: each target group has the ARN that its name says.
    fn shape(&self, stack: &StackKey) -> (Shaped, Outputs) {
        let unit = Unit::Stack(stack.clone());
        let compiled = compile(&Lens::new(&self.world), &unit, &self.controller);
        let shaped = shape(&compiled.intent, &Facts::default(), &self.controller);
        let mut known = self.outputs.clone();
        for (id, group) in &shaped.desired.target_groups {
            for (_, binding) in self.world.all::<TargetGroupBinding>() {
                let arn = &binding.spec.target_group_arn;
                if arn.contains(&format!("/{}/", group.spec.name)) {
                    let key = ResourceKey::new(unit.clone(), ResourceKind::TargetGroup, id);
                    known.0.insert((key, Field::Arn), arn.clone());
                }
            }
        }
        (shaped, known)
    }

    fn standing(&self, stack: &StackKey) -> Vec<Standing> {
        standing(&self.world, &binding_labels(stack))
    }
}

#[test]
fn what_albc_published_is_what_we_would_publish() {
    for (name, text, count) in ADOPTED {
        let adopted = adopted(name, text);
        let mut seen = 0;
        for stack in adopted.stacks() {
            let (shaped, known) = adopted.shape(&stack);
            let standing = adopted.standing(&stack);
            seen += standing.len();
            let by_name = |it: Published| (it.object.clone(), it);
            let ours: BTreeMap<_, _> =
                bindings(&shaped.desired, &known).into_values().map(by_name).collect();
            let theirs: BTreeMap<_, _> =
                standing.iter().map(|it| it.says.clone()).map(by_name).collect();
            assert_eq!(ours, theirs, "{name} {stack}");
            assert_eq!(publish(&shaped.desired, &known, standing), [], "{name} {stack}");
        }
        assert_eq!(seen, count, "{name}");
    }
}

#[test]
fn albcs_checkpoints_hold_and_a_replaced_pod_or_node_breaks_them() {
    for (name, text, count) in ADOPTED {
        for (moved, current) in [(None, true), (Some("creationTimestamp: '2026-11"), false)] {
            let text = moved.map_or(text.to_owned(), |from| {
                assert!(text.contains(from), "{name}: {from}");
                text.replace(from, "creationTimestamp: '2026-10")
            });
            let adopted = adopted(name, &text);
            let mut checked = 0;
            for stack in adopted.stacks() {
                let (shaped, known) = adopted.shape(&stack);
                let standing = adopted.standing(&stack);
                for (id, published) in bindings(&shaped.desired, &known) {
                    let targets = inroad_words::TargetKey { stack: stack.clone(), group: id };
                    let unit = Unit::Targets(targets);
                    let compiled = compile(&Lens::new(&adopted.world), &unit, &adopted.controller);
                    let Intent::Targets(targets) = compiled.intent else { panic!("{unit}") };
                    let identities = identities(&adopted.world, &targets);
                    let it = standing.iter().find(|it| it.says.group == published.group);
                    let it = it.expect("each of them stands");
                    assert_eq!(is_current(it, &identities), current, "{name} {}", it.says.object);
                    checked += 1;
                }
            }
            assert_eq!(checked, count, "{name}");
        }
    }
}
