//! Writing and reading one big message by its schema against bare quick-xml writing and reading of the same bytes.
//!
//! `cargo run --release -p tongban-adapters --example codec_speed`. The bare reader reads every event and resolves nothing. The bare
//! writer has the names, attributes and texts in a list already; in the first of its two columns it escapes the texts as any writer
//! of values must, in the second it only copies texts that are escaped already. Neither checks anything.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement that cannot go on should stop"
)]
#![allow(clippy::disallowed_methods, reason = "this measures real time")]

use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};
use std::hint::black_box;
use std::time::{Duration, Instant};
use tongban_adapters::codec::{Codec, DecodeOptions, EncodeOptions, Value};
use tongban_adapters::schema::{MemoryDocuments, SchemaLimits, read_schema};

const SCHEMA: &str = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:t='urn:t' targetNamespace='urn:t' elementFormDefault='qualified'>
  <xs:simpleType name='Code'><xs:restriction base='xs:string'><xs:length value='12'/></xs:restriction></xs:simpleType>
  <xs:simpleType name='Kind'><xs:restriction base='xs:string'><xs:enumeration value='apply'/><xs:enumeration value='accept'/><xs:enumeration value='finish'/></xs:restriction></xs:simpleType>
  <xs:complexType name='Material'><xs:sequence><xs:element name='name' type='xs:string'/><xs:element name='copies' type='xs:int'/><xs:element name='required' type='xs:boolean'/></xs:sequence><xs:attribute name='id' type='xs:string' use='required'/></xs:complexType>
  <xs:complexType name='Case'><xs:sequence>
    <xs:element name='number' type='t:Code'/><xs:element name='kind' type='t:Kind'/><xs:element name='applicant' type='xs:string'/><xs:element name='address' type='xs:string' minOccurs='0'/>
    <xs:element name='at' type='xs:dateTime'/><xs:element name='fee' type='xs:decimal'/><xs:element name='days' type='xs:int'/><xs:element name='remark' type='xs:string' minOccurs='0'/>
    <xs:element name='material' type='t:Material' minOccurs='0' maxOccurs='unbounded'/></xs:sequence></xs:complexType>
  <xs:element name='cases'><xs:complexType><xs:sequence><xs:element name='case' type='t:Case' maxOccurs='unbounded'/></xs:sequence></xs:complexType></xs:element></xs:schema>";

fn message(cases: usize) -> String {
    let mut out = String::from("<t:cases xmlns:t=\"urn:t\">");
    for case in 0..cases {
        out.push_str(&format!("<t:case><t:number>{case:012}</t:number><t:kind>accept</t:kind><t:applicant>张三丰 {case}</t:applicant><t:address>广东省珠海市香洲区人民东路一百二十五号 &amp; 二楼</t:address><t:at>2026-03-01T08:{:02}:00+08:00</t:at><t:fee>12.50</t:fee><t:days>{}</t:days><t:remark>请在五个工作日内补正材料</t:remark>", case % 60, case % 30));
        for material in 0..3 {
            out.push_str(&format!("<t:material id=\"m{material}\"><t:name>营业执照副本复印件</t:name><t:copies>{material}</t:copies><t:required>true</t:required></t:material>"));
        }
        out.push_str("</t:case>");
    }
    out.push_str("</t:cases>");
    out
}

/// What a bare writer is given.
enum Part {
    Start(String, Vec<(String, String)>),
    Text(String),
    End(String),
}

fn parts(text: &str) -> Vec<Part> {
    let mut reader = Reader::from_str(text);
    let mut parts = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    (
                        attribute.key.as_ref().to_owned(),
                        attribute.value.into_owned(),
                    )
                });
                parts.push(Part::Start(
                    start.name().as_ref().to_owned(),
                    attributes.collect(),
                ));
            }
            Event::Text(text) => push_text(&mut parts, &text.into_inner()),
            Event::GeneralRef(_) => push_text(&mut parts, "&"),
            Event::End(end) => parts.push(Part::End(end.name().as_ref().to_owned())),
            Event::Eof => return parts,
            _ => {}
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        Some(Part::Text(known)) => known.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

/// Median of eleven rounds after two to warm up.
fn median(mut run: impl FnMut()) -> Duration {
    let mut rounds: Vec<Duration> = (0..13)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    rounds.drain(..2);
    rounds.sort_unstable();
    rounds[rounds.len() / 2]
}

fn main() {
    let limits = SchemaLimits::default();
    let mut documents = MemoryDocuments::new().with("a.xsd", SCHEMA);
    let (schema, _) = read_schema(&mut documents, "a.xsd", &limits).expect("a schema");
    let (codec, _) = Codec::compile(&schema, &limits).expect("a codec");
    let element = schema.element("urn:t", "cases").expect("an element");
    // One of them alone, for a profiler: `codec_speed decode`.
    if let Some(only) = std::env::args().nth(1) {
        let text = message(10);
        let options = DecodeOptions::default();
        let value = codec
            .decode_element(element, &text, &options)
            .expect("a value");
        for _ in 0..40_000 {
            match only.as_str() {
                "decode" => drop(black_box(codec.decode_element(element, &text, &options))),
                "encode" => {
                    drop(black_box(codec.encode(
                        element,
                        &value,
                        &EncodeOptions::default(),
                    )));
                }
                _ => {
                    let mut reader = Reader::from_str(&text);
                    while !matches!(black_box(reader.read_event().unwrap()), Event::Eof) {}
                }
            }
        }
        return;
    }
    println!(
        "| message | bare read | decode | ratio | bare write | bare copy | encode | ratio to write, copy |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for cases in [10, 1_000, 10_000] {
        let text = message(cases);
        let bare_read = median(|| {
            let mut reader = Reader::from_str(&text);
            while !matches!(black_box(reader.read_event().unwrap()), Event::Eof) {}
        });
        let decode = median(|| {
            black_box(
                codec
                    .decode_element(element, &text, &DecodeOptions::default())
                    .unwrap(),
            );
        });
        let value: Value<'_> = codec
            .decode_element(element, &text, &DecodeOptions::default())
            .unwrap();
        let mut reader = Reader::from_str(&text);
        let mut events = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                event => events.push(event),
            }
        }
        let bare_copy = median(|| {
            let mut writer = Writer::new(Vec::with_capacity(1024));
            for event in &events {
                writer.write_event(event.borrow()).unwrap();
            }
            black_box(writer.into_inner());
        });
        let parts = parts(&text);
        let bare_write = median(|| {
            let mut writer = Writer::new(Vec::with_capacity(1024));
            for part in &parts {
                let event = match part {
                    Part::Start(name, attributes) => {
                        let mut start = BytesStart::new(name.as_str());
                        for (key, value) in attributes {
                            start.push_attribute((key.as_str(), value.as_str()));
                        }
                        Event::Start(start)
                    }
                    Part::Text(text) => Event::Text(BytesText::new(text)),
                    Part::End(name) => Event::End(BytesEnd::new(name.as_str())),
                };
                writer.write_event(event).unwrap();
            }
            black_box(writer.into_inner());
        });
        let encode = median(|| {
            black_box(
                codec
                    .encode(element, &value, &EncodeOptions::default())
                    .unwrap(),
            );
        });
        assert_eq!(
            codec
                .encode(element, &value, &EncodeOptions::default())
                .unwrap(),
            text
        );
        let ratio = |ours: Duration, bare: Duration| ours.as_secs_f64() / bare.as_secs_f64();
        println!(
            "| {} KiB | {bare_read:.1?} | {decode:.1?} | {:.2} | {bare_write:.1?} | {bare_copy:.1?} | {encode:.1?} | {:.2}, {:.2} |",
            text.len() / 1024,
            ratio(decode, bare_read),
            ratio(encode, bare_write),
            ratio(encode, bare_copy),
        );
    }
}
