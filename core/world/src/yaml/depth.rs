//! How deep a document goes. In: its events, one by one. Out: whether it goes deeper than any manifest does:
//! each level of a document costs everybody who walks it a frame of stack.

use std::collections::BTreeMap;

use saphyr_parser::Event;

/// Most levels of lists and mappings. The deepest schemas of published CRDs have some sixty.
pub(super) const MOST: usize = 200;

/// The levels of what was met so far, with those that aliases bring in.
#[derive(Debug, Default)]
pub(super) struct Depth {
    /// What is open: its anchor (0: none), and its levels so far, its own included.
    open: Vec<(usize, usize)>,
    /// Levels by anchor.
    anchors: BTreeMap<usize, usize>,
}

impl Depth {
    /// Takes the next event; whether the document is still shallow enough.
    pub(super) fn admits(&mut self, event: &Event<'_>) -> bool {
        match event {
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                self.open.push((*anchor, 1));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((anchor, levels)) = self.open.pop() {
                    self.anchors.insert(anchor, levels);
                    self.hold(levels);
                }
            }
            Event::Alias(anchor) => {
                let levels = self.anchors.get(anchor).copied();
                self.hold(levels.unwrap_or_default());
            }
            _ => {}
        }
        let innermost = self.open.last().map_or(0, |(_, levels)| *levels);
        self.open.len() + innermost <= MOST + 1
    }

    fn hold(&mut self, levels: usize) {
        if let Some((_, above)) = self.open.last_mut() {
            *above = (*above).max(levels + 1);
        }
    }
}
