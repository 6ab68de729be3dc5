//! No component is defined by itself (XML Schema part 1: 3.4.6 and 3.14.6 for types, 3.8.6 for model groups, 3.6.6 for attribute
//! groups, 3.3.6 for substitution groups), and no chain of definitions is longer than a bound.

use crate::schema::fault::{ComponentKind, FaultKind, Place, SchemaFault};
use crate::schema::model::*;
use crate::schema::names::*;

/// Every chain of definitions ends within `chain` steps. `place_of` has the places of groups, which the schema does not keep.
pub(super) fn check(
    schema: &Schema,
    chain: usize,
    place_of: &dyn Fn(ComponentKind, usize) -> Place,
) -> Result<(), SchemaFault> {
    let types = Graph {
        kind: ComponentKind::Type,
        size: schema.types.len(),
        chain,
        next: |index: usize, out: &mut Vec<usize>| type_steps(schema, index, out),
    };
    types.check(|index| {
        let definition = &schema.types[index];
        let name = definition.name.map(|name| schema.names.local(name));
        (
            definition.place.clone(),
            name.unwrap_or("(anonymous)").to_owned(),
        )
    })?;
    let groups = Graph {
        kind: ComponentKind::Group,
        size: schema.groups.len(),
        chain,
        next: |index: usize, out: &mut Vec<usize>| groups_in(&schema.groups[index].1, out),
    };
    groups.check(|index| {
        let name = schema.groups[index].0;
        (
            place_of(ComponentKind::Group, index),
            schema.names.local(name).to_owned(),
        )
    })?;
    let attribute_groups = Graph {
        kind: ComponentKind::AttributeGroup,
        size: schema.attribute_groups.len(),
        chain,
        next: |index: usize, out: &mut Vec<usize>| {
            let inside = &schema.attribute_groups[index].1.groups;
            out.extend(inside.iter().map(|group| group.index()));
        },
    };
    attribute_groups.check(|index| {
        let name = schema.attribute_groups[index].0;
        (
            place_of(ComponentKind::AttributeGroup, index),
            schema.names.local(name).to_owned(),
        )
    })?;
    let heads = Graph {
        kind: ComponentKind::Element,
        size: schema.elements.len(),
        chain,
        next: |index: usize, out: &mut Vec<usize>| {
            out.extend(schema.elements[index].substitutes.map(ElementId::index));
        },
    };
    heads.check(|index| {
        let declaration = &schema.elements[index];
        (
            declaration.place.clone(),
            schema.names.local(declaration.name).to_owned(),
        )
    })
}

fn type_steps(schema: &Schema, index: usize, out: &mut Vec<usize>) {
    match &schema.types[index].kind {
        TypeKind::AnyType => {}
        TypeKind::Complex(complex) => {
            out.push(complex.base.index());
            if let ComplexContent::Simple(Some(inner)) = complex.content {
                out.push(inner.index());
            }
        }
        TypeKind::Simple(simple) => match &simple.variety {
            Variety::BuiltIn(_) => {}
            Variety::Restriction(base) => out.push(base.index()),
            Variety::List(item) => out.push(item.index()),
            Variety::Union(members) => out.extend(members.iter().map(|member| member.index())),
        },
    }
}

fn groups_in(particle: &Particle, out: &mut Vec<usize>) {
    match &particle.term {
        Term::Element(_) | Term::Any(_) => {}
        Term::Group(group) => out.push(group.index()),
        Term::Sequence(inside) | Term::Choice(inside) | Term::All(inside) => {
            inside.iter().for_each(|particle| groups_in(particle, out));
        }
    }
}

/// A relation between the components of one arena.
pub(super) struct Graph<N> {
    pub(super) kind: ComponentKind,
    /// How many there are.
    pub(super) size: usize,
    /// Longest chain.
    pub(super) chain: usize,
    /// What a component leads to.
    pub(super) next: N,
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    /// With the length of the longest chain from here.
    Done(usize),
}

impl<N: Fn(usize, &mut Vec<usize>)> Graph<N> {
    /// Depth first, without recursion.
    pub(super) fn check(
        &self,
        about: impl Fn(usize) -> (Place, String),
    ) -> Result<(), SchemaFault> {
        let mut marks = vec![Mark::New; self.size];
        for start in 0..self.size {
            let mut open = vec![(start, None::<Vec<usize>>)];
            while let Some((at, steps)) = open.pop() {
                match (marks[at], steps) {
                    (Mark::Done(_), None) => {}
                    (Mark::Open, None) => {
                        let (place, name) = about(at);
                        let kind = self.kind;
                        let kind = FaultKind::Circular { kind, name };
                        return Err(SchemaFault { place, kind });
                    }
                    (_, Some(steps)) => {
                        let length = steps.iter().map(|step| match marks[*step] {
                            Mark::Done(length) => length + 1,
                            _ => 1,
                        });
                        let length = length.max().unwrap_or(0);
                        if length > self.chain {
                            let place = about(at).0;
                            let what = "steps of a chain of definitions";
                            let bound = self.chain;
                            let kind = FaultKind::Bound { what, bound };
                            return Err(SchemaFault { place, kind });
                        }
                        marks[at] = Mark::Done(length);
                    }
                    (Mark::New, None) => {
                        marks[at] = Mark::Open;
                        let mut steps = Vec::new();
                        (self.next)(at, &mut steps);
                        steps.sort_unstable();
                        steps.dedup();
                        let waiting: Vec<usize> = steps.clone();
                        open.push((at, Some(steps)));
                        open.extend(waiting.into_iter().map(|step| (step, None)));
                    }
                }
            }
        }
        Ok(())
    }
}
