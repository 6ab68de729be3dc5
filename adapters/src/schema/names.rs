//! Ids of components, and interned namespaces and expanded names (Namespaces in XML 1.0, section 2.1).

use std::collections::HashMap;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// Place in its arena.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }

            #[allow(dead_code, reason = "not every kind of id is made from a place")]
            pub(crate) fn of(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
        }
    };
}

id! {
    /// A namespace.
    NamespaceId
}
id! {
    /// An expanded name: namespace and local name.
    NameId
}
id! {
    /// An element declaration (part 1, 3.3).
    ElementId
}
id! {
    /// A type definition, simple or complex (part 1, 3.4 and 3.14).
    TypeId
}
id! {
    /// An attribute declaration (part 1, 3.2).
    AttributeId
}
id! {
    /// A model group definition (part 1, 3.7).
    GroupId
}
id! {
    /// An attribute group definition (part 1, 3.6).
    AttributeGroupId
}

/// Interned namespaces and expanded names.
#[derive(Debug, Clone, Default)]
pub struct Names {
    namespaces: Vec<String>,
    namespace_ids: HashMap<String, NamespaceId>,
    names: Vec<(NamespaceId, String)>,
    name_ids: HashMap<(NamespaceId, String), NameId>,
}

impl Names {
    /// The id of a namespace, new or known; the empty text is no namespace.
    pub fn namespace(&mut self, uri: &str) -> NamespaceId {
        if let Some(id) = self.namespace_ids.get(uri) {
            return *id;
        }
        let id = NamespaceId::of(self.namespaces.len());
        self.namespaces.push(uri.to_owned());
        self.namespace_ids.insert(uri.to_owned(), id);
        id
    }

    /// The id of a name, new or known.
    pub fn name(&mut self, namespace: &str, local: &str) -> NameId {
        let namespace = self.namespace(namespace);
        let key = (namespace, local.to_owned());
        if let Some(id) = self.name_ids.get(&key) {
            return *id;
        }
        let id = NameId::of(self.names.len());
        self.names.push(key.clone());
        self.name_ids.insert(key, id);
        id
    }

    /// The id of a name, if it is known.
    #[must_use]
    pub fn find(&self, namespace: &str, local: &str) -> Option<NameId> {
        let namespace = self.namespace_ids.get(namespace)?;
        self.name_ids.get(&(*namespace, local.to_owned())).copied()
    }

    /// Local part.
    #[must_use]
    pub fn local(&self, name: NameId) -> &str {
        &self.names[name.index()].1
    }

    /// Namespace of a name.
    #[must_use]
    pub fn namespace_of(&self, name: NameId) -> NamespaceId {
        self.names[name.index()].0
    }

    /// The text of a namespace.
    #[must_use]
    pub fn uri(&self, namespace: NamespaceId) -> &str {
        &self.namespaces[namespace.index()]
    }

    /// Namespace and local part of a name.
    #[must_use]
    pub fn parts(&self, name: NameId) -> (&str, &str) {
        (self.uri(self.namespace_of(name)), self.local(name))
    }

    /// All namespaces by id.
    #[must_use]
    pub fn namespaces(&self) -> &[String] {
        &self.namespaces
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}
