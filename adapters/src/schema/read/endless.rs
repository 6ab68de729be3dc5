//! Types that no finite message fits, as each of their values requires another one inside (XML Schema does not forbid them: part 1,
//! 3.4). They are mostly a forgotten `minOccurs="0"`, and nothing of them can be written or read.

use super::circular::Graph;
use crate::schema::fault::{ComponentKind, FaultKind, SchemaFault, Warning, WarningKind};
use crate::schema::model::*;
use crate::schema::names::*;
use std::collections::HashSet;

/// A warning of the first such type. Branches of choices are not looked into, so what is warned of is certain, and not all is found.
pub(super) fn warning(schema: &Schema) -> Option<Warning> {
    let heads: HashSet<ElementId> = schema
        .elements
        .iter()
        .filter_map(|element| element.substitutes)
        .collect();
    let required = Required { schema, heads };
    let types = schema.types.len();
    // Types first, then groups.
    let graph = Graph {
        kind: ComponentKind::Type,
        size: types + schema.groups.len(),
        chain: usize::MAX,
        next: |index: usize, out: &mut Vec<usize>| match index.checked_sub(types) {
            None => required.of_type(index, out),
            Some(group) => required.of(&schema.groups[group].1, out),
        },
    };
    let about = |index: usize| {
        let definition = &schema.types[index.min(types - 1)];
        let name = match index.checked_sub(types) {
            None => definition.name,
            Some(group) => Some(schema.groups[group].0),
        };
        let name = name.map_or("(anonymous)", |name| schema.names.local(name));
        (definition.place.clone(), name.to_owned())
    };
    match graph.check(about) {
        Err(SchemaFault {
            place,
            kind: FaultKind::Circular { name, .. },
        }) => Some(Warning {
            place,
            kind: WarningKind::Endless(name),
        }),
        _ => None,
    }
}

/// What every value of a type has inside.
struct Required<'s> {
    schema: &'s Schema,
    /// Elements that others may stand for.
    heads: HashSet<ElementId>,
}

impl Required<'_> {
    fn of_type(&self, index: usize, out: &mut Vec<usize>) {
        let TypeKind::Complex(complex) = &self.schema.types[index].kind else {
            return;
        };
        if complex.derivation == Derivation::Extension && complex.base.index() != index {
            out.push(complex.base.index());
        }
        if let ComplexContent::Elements(Some(particle)) = &complex.content {
            self.of(particle, out);
        }
    }

    fn of(&self, particle: &Particle, out: &mut Vec<usize>) {
        if particle.occurs.min == 0 {
            return;
        }
        match &particle.term {
            Term::Any(_) => {}
            Term::Element(element) => {
                let declaration = &self.schema.elements[element.index()];
                let others_may_stand = self.heads.contains(element) || declaration.is_abstract;
                if !others_may_stand && !declaration.nillable {
                    out.push(declaration.type_id.index());
                }
            }
            Term::Group(group) => out.push(self.schema.types.len() + group.index()),
            Term::Sequence(inside) | Term::All(inside) => {
                inside.iter().for_each(|particle| self.of(particle, out));
            }
            Term::Choice(inside) => {
                if let [only] = inside.as_slice() {
                    self.of(only, out);
                }
            }
        }
    }
}
