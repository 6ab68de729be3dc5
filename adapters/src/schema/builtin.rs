//! The simple types that are built in (XML Schema part 2, section 3).

use super::model::WhiteSpace;

/// Namespace of XML Schema, and of its built-in types.
pub const XML_SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";
/// Namespaces of its drafts, which the oldest stacks still write for built-in types.
pub(crate) const XML_SCHEMA_DRAFTS: [&str; 2] = [
    "http://www.w3.org/1999/XMLSchema",
    "http://www.w3.org/2000/10/XMLSchema",
];

/// Whether a namespace is that of a draft of XML Schema.
pub(crate) fn is_draft(namespace: &str) -> bool {
    XML_SCHEMA_DRAFTS.contains(&namespace)
}

macro_rules! built_in {
    ($($variant:ident $name:literal $base:ident;)*) => {
        /// A built-in simple type.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each variant is the type of that name in part 2, section 3")]
        pub enum BuiltIn { $($variant,)* }

        impl BuiltIn {
            /// All of them; a base comes before what is derived from it.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Local name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The type that it is derived from; `None` for `anySimpleType`.
            #[must_use]
            pub fn base(self) -> Option<Self> {
                let base = match self { $(Self::$variant => Self::$base,)* };
                (base != self).then_some(base)
            }
        }
    };
}

built_in! {
    AnySimpleType "anySimpleType" AnySimpleType;
    String "string" AnySimpleType;
    Boolean "boolean" AnySimpleType;
    Decimal "decimal" AnySimpleType;
    Float "float" AnySimpleType;
    Double "double" AnySimpleType;
    Duration "duration" AnySimpleType;
    DateTime "dateTime" AnySimpleType;
    Time "time" AnySimpleType;
    Date "date" AnySimpleType;
    GYearMonth "gYearMonth" AnySimpleType;
    GYear "gYear" AnySimpleType;
    GMonthDay "gMonthDay" AnySimpleType;
    GDay "gDay" AnySimpleType;
    GMonth "gMonth" AnySimpleType;
    HexBinary "hexBinary" AnySimpleType;
    Base64Binary "base64Binary" AnySimpleType;
    AnyUri "anyURI" AnySimpleType;
    QName "QName" AnySimpleType;
    Notation "NOTATION" AnySimpleType;
    NormalizedString "normalizedString" String;
    Token "token" NormalizedString;
    Language "language" Token;
    NmToken "NMTOKEN" Token;
    NmTokens "NMTOKENS" AnySimpleType;
    Name "Name" Token;
    NcName "NCName" Name;
    Id "ID" NcName;
    IdRef "IDREF" NcName;
    IdRefs "IDREFS" AnySimpleType;
    Entity "ENTITY" NcName;
    Entities "ENTITIES" AnySimpleType;
    Integer "integer" Decimal;
    NonPositiveInteger "nonPositiveInteger" Integer;
    NegativeInteger "negativeInteger" NonPositiveInteger;
    Long "long" Integer;
    Int "int" Long;
    Short "short" Int;
    Byte "byte" Short;
    NonNegativeInteger "nonNegativeInteger" Integer;
    UnsignedLong "unsignedLong" NonNegativeInteger;
    UnsignedInt "unsignedInt" UnsignedLong;
    UnsignedShort "unsignedShort" UnsignedInt;
    UnsignedByte "unsignedByte" UnsignedShort;
    PositiveInteger "positiveInteger" NonNegativeInteger;
}

impl BuiltIn {
    /// The type of a local name; also the names that the drafts of 1999 and 2000 had for some, and for the types that version 1.1
    /// adds the ones that hold all their values.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = match name {
            "timeInstant" => "dateTime",
            "timeDuration" => "duration",
            "uriReference" => "anyURI",
            "binary" => "base64Binary",
            "CDATA" => "normalizedString",
            "ur-type" | "anyAtomicType" => "anySimpleType",
            "dateTimeStamp" => "dateTime",
            "yearMonthDuration" | "dayTimeDuration" => "duration",
            other => other,
        };
        Self::ALL
            .iter()
            .find(|built_in| built_in.name() == name)
            .copied()
    }

    /// White space (part 2, 4.3.6): kept in `string`, replaced in `normalizedString`, collapsed in all others.
    #[must_use]
    pub fn white_space(self) -> WhiteSpace {
        match self {
            Self::AnySimpleType | Self::String => WhiteSpace::Preserve,
            Self::NormalizedString => WhiteSpace::Replace,
            _ => WhiteSpace::Collapse,
        }
    }

    /// The item type of the three list types.
    #[must_use]
    pub fn items(self) -> Option<Self> {
        match self {
            Self::NmTokens => Some(Self::NmToken),
            Self::IdRefs => Some(Self::IdRef),
            Self::Entities => Some(Self::Entity),
            _ => None,
        }
    }

    /// The primitive type that it comes from (part 2, 3.2).
    #[must_use]
    pub fn primitive(self) -> Self {
        let mut at = self;
        while let Some(base) = at.base().filter(|base| *base != Self::AnySimpleType) {
            at = base;
        }
        at
    }
}
