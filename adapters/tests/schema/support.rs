//! Verbs of these tests.

use serde_json::Value as Json;
use tongban_adapters::codec::{Codec, CodecFault, DecodeOptions, EncodeOptions, Value};
use tongban_adapters::schema::{
    MemoryDocuments, Schema, SchemaFault, SchemaLimits, Warning, read_schema,
};

/// A compiled schema.
pub(crate) struct Compiled {
    pub(crate) schema: Schema,
    pub(crate) codec: Codec,
    pub(crate) warnings: Vec<Warning>,
}

/// The namespace of test schemas.
pub(crate) const NS: &str = "urn:t";

/// Components inside a schema of [`NS`], bound to `t`, with qualified elements.
pub(crate) fn schema(components: &str) -> String {
    format!(
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:t='{NS}' xmlns='{NS}' targetNamespace='{NS}' elementFormDefault='qualified'>{components}</xs:schema>"
    )
}

/// Compiles the first of the documents with the others beside it.
pub(crate) fn compile_all(documents: &[(&str, &str)]) -> Result<Compiled, SchemaFault> {
    compile_within(documents, &SchemaLimits::default())
}

pub(crate) fn compile_within(
    documents: &[(&str, &str)],
    limits: &SchemaLimits,
) -> Result<Compiled, SchemaFault> {
    let mut source = MemoryDocuments::new();
    for (location, text) in documents {
        source = source.with(*location, *text);
    }
    let (schema, mut warnings) = read_schema(&mut source, documents[0].0, limits)?;
    let (codec, more) = Codec::compile(&schema, limits)?;
    warnings.extend(more);
    Ok(Compiled {
        schema,
        codec,
        warnings,
    })
}

/// Components that must compile.
pub(crate) fn compiled(components: &str) -> Compiled {
    match compile_all(&[("a.xsd", &schema(components))]) {
        Ok(compiled) => compiled,
        Err(fault) => panic!("{fault}"),
    }
}

/// The fault of components that must not.
pub(crate) fn refused(components: &str) -> SchemaFault {
    match compile_all(&[("a.xsd", &schema(components))]) {
        Ok(_) => panic!("{components} was taken"),
        Err(fault) => fault,
    }
}

impl Compiled {
    pub(crate) fn decode(&self, xml: &str) -> Result<Json, CodecFault> {
        self.decode_with(xml, &DecodeOptions::default())
    }

    pub(crate) fn decode_with(
        &self,
        xml: &str,
        options: &DecodeOptions,
    ) -> Result<Json, CodecFault> {
        self.codec
            .decode(xml, options)
            .map(|(_, value)| value.to_json())
    }

    pub(crate) fn encode(&self, element: &str, value: &Json) -> Result<String, CodecFault> {
        let element = self
            .schema
            .element(NS, element)
            .or_else(|| self.schema.element("", element))
            .expect("a global element");
        let value = Value::from_json(value);
        self.codec
            .encode(element, &value, &EncodeOptions::default())
    }

    /// The message means the value, the value is written as the message, and what is written means the value again.
    #[track_caller]
    pub(crate) fn both_ways(&self, element: &str, xml: &str, value: &Json) {
        match self.decode(xml) {
            Ok(read) => assert_eq!(&read, value, "reading {xml}"),
            Err(fault) => panic!("reading {xml}: {fault}"),
        }
        match self.encode(element, value) {
            Ok(written) => assert_eq!(written, xml),
            Err(fault) => panic!("writing {value}: {fault}"),
        }
    }

    /// As [`Self::both_ways`] for messages of other writers: what we write is another text of the same value.
    #[track_caller]
    pub(crate) fn means(&self, element: &str, xml: &str, value: &Json) {
        match self.decode(xml) {
            Ok(read) => assert_eq!(&read, value, "reading {xml}"),
            Err(fault) => panic!("reading {xml}: {fault}"),
        }
        let written = self
            .encode(element, value)
            .unwrap_or_else(|f| panic!("writing {value}: {f}"));
        let again = self
            .decode(&written)
            .unwrap_or_else(|f| panic!("reading {written}: {f}"));
        assert_eq!(&again, value, "{written}");
    }

    /// The code and path of the fault that a message meets.
    #[track_caller]
    pub(crate) fn refuses(&self, xml: &str, code: &str, path: &str) {
        match self.decode(xml) {
            Ok(value) => panic!("{xml} was read as {value}"),
            Err(fault) => assert_eq!(
                (fault.kind.code(), fault.path.as_str()),
                (code, path),
                "{fault}"
            ),
        }
    }

    /// The code and path of the fault that a value meets.
    #[track_caller]
    pub(crate) fn refuses_value(&self, element: &str, value: &Json, code: &str, path: &str) {
        match self.encode(element, value) {
            Ok(xml) => panic!("{value} was written as {xml}"),
            Err(fault) => assert_eq!(
                (fault.kind.code(), fault.path.as_str()),
                (code, path),
                "{fault}"
            ),
        }
    }
}
