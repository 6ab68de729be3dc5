//! The small pieces by themselves: forms, XML bounds, dates, documents, switches.

use super::super::clock::{compact, rewritten, unpadded};
use super::super::switches::{Fault, Phase, Switch, Switchboard};
use super::super::xml::{XmlFault, parse};
use super::super::{SimulateArguments, SimulatorOptions, document, form};

#[test]
fn xml_beyond_its_bounds_or_with_a_dtd_is_refused() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(parse(&nested(64)).is_ok());
    assert_eq!(parse(&nested(65)), Err(XmlFault::TooLarge));
    assert_eq!(
        parse("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"),
        Err(XmlFault::Doctype)
    );
    for bad in ["", "<a>", "<a/><b/>", "<a>&unknown;</a>", "text", "<a></b>"] {
        assert!(matches!(parse(bad), Err(XmlFault::Malformed(_))), "{bad}");
    }
    let read = parse("<a x:y='1&lt;2'>&#x4E2D;&amp;<![CDATA[<b>]]></a>").unwrap();
    assert_eq!((read.text.as_str(), read.attribute("y")), ("中&<b>", "1<2"));
}

#[test]
fn a_form_keeps_bytes_and_refuses_what_is_broken() {
    let bytes: Vec<u8> = (0..=255).collect();
    let fields = form::parse(&form::write(&[("a", &bytes), ("b", b"")])).unwrap();
    assert_eq!(
        (fields["a"].as_slice(), fields["b"].as_slice()),
        (bytes.as_slice(), &b""[..])
    );
    assert_eq!(form::parse(b"a=+%2b").unwrap()["a"], b" +");
    for bad in ["a=%4", "a=%zz", "a", "a=1&a=2"] {
        assert_eq!(form::parse(bad.as_bytes()), None, "{bad}");
    }
}

#[test]
fn dates_are_written_as_the_partners_write_them_in_legal_time() {
    let at: jiff::Timestamp = "2017-06-05T01:30:05Z".parse().unwrap();
    assert_eq!(unpadded(at), "2017-6-5 9:30:05");
    assert_eq!(
        (compact(at, false), compact(at, true)),
        ("20170605093005".to_owned(), "20170605T093005".to_owned())
    );
    assert_eq!(
        (rewritten("2017-06-05 09:30:00"), rewritten("无")),
        ("2017-6-5 9:30:00".to_owned(), "无".to_owned())
    );
}

#[test]
fn the_cross_reference_table_of_a_document_points_at_its_objects() {
    let pdf = String::from_utf8(document::certificate_pdf("YW1 (粤)")).unwrap();
    let table: usize = pdf
        .rsplit("startxref\n")
        .next()
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let rows: Vec<&str> = pdf[table..].lines().skip(3).take(5).collect();
    for (index, row) in rows.iter().enumerate() {
        let offset: usize = row[..10].parse().unwrap();
        assert!(
            pdf[offset..].starts_with(&format!("{} 0 obj", index + 1)),
            "{row}"
        );
    }
    assert!(pdf[table..].starts_with("xref\n0 6\n") && pdf.ends_with("%%EOF\n"));
}

#[test]
fn a_switch_is_read_from_text_and_a_wrong_one_says_why() {
    let switch: Switch = "slow=250ms,phase=query,times=2,rate=0.5".parse().unwrap();
    assert_eq!(
        (switch.fault, switch.phase, switch.times, switch.rate),
        (Fault::Slow, Some(Phase::Query), Some(2), 0.5)
    );
    assert_eq!(switch.duration().as_millis(), 250);
    assert_eq!("drop=0.3".parse::<Switch>().unwrap().rate, 0.3);
    for bad in [
        "fast",
        "drop=1.3",
        "drop=x",
        "slow=2h",
        "slow=9999s",
        "drop,phase=nowhere",
        "drop,color=red",
    ] {
        let error = bad.parse::<Switch>().unwrap_err().to_string();
        assert!(error.contains(bad), "{error}");
    }
}

#[test]
fn one_seed_makes_the_same_choices_in_any_order() {
    let choices = |seed, order: &mut dyn Iterator<Item = u32>| {
        let mut board = Switchboard::new(seed, vec!["drop=0.3".parse().unwrap()]);
        let mut chosen: Vec<u32> = order
            .filter(|n| {
                board
                    .fires(Fault::Drop, Phase::Submit, &n.to_string(), 1)
                    .is_some()
            })
            .collect();
        chosen.sort_unstable();
        chosen
    };
    let first = choices(7, &mut (0..1_000));
    assert_eq!(first, choices(7, &mut (0..1_000).rev()));
    assert_ne!(first, choices(8, &mut (0..1_000)));
    assert!(
        (250..350).contains(&first.len()),
        "{} of 1000 at a rate of 0.3",
        first.len()
    );
}

#[test]
fn a_switch_lets_as_many_occasions_pass_as_it_says() {
    let mut board = Switchboard::new(7, vec!["drop,skip=2,times=1".parse().unwrap()]);
    let fired: Vec<bool> = (0..5)
        .map(|nth| board.fires(Fault::Drop, Phase::Submit, "1", nth).is_some())
        .collect();
    assert_eq!(fired, [false, false, true, false, false]);
}

#[test]
fn every_switch_in_every_phase_can_happen_or_has_a_reason() {
    use crate::simulator::{SimulatorKind, listed};
    use clap::ValueEnum;
    for kind in SimulatorKind::value_variants() {
        let list = listed(*kind);
        let cells = list["cells"].as_array().unwrap();
        let never = list["never"].as_array().unwrap();
        let all = Phase::value_variants().len() * Fault::value_variants().len();
        assert_eq!(cells.len() + never.len(), all, "{kind:?}");
        assert!(!cells.is_empty() && never.iter().all(|n| n["reason"].is_string()));
    }
}

#[test]
fn the_command_line_fills_in_the_defaults_of_its_kind() {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: SimulateArguments,
    }
    use clap::{CommandFactory, Parser};
    Line::command().debug_assert();
    let line = Line::parse_from([
        "simulate",
        "soap",
        "--pace",
        "10ms",
        "--switch",
        "late=1s",
        "--scenario",
        "pre-correction",
    ]);
    let options = SimulatorOptions::from(line.arguments);
    assert_eq!(
        (options.listen.port(), options.system_id.as_str()),
        (7102, "zhuhai-platform")
    );
    assert_eq!(
        (options.pace.as_millis(), options.switches[0].fault),
        (10, Fault::Late)
    );
    assert!(Line::try_parse_from(["simulate", "soap", "--switch", "fast"]).is_err());
}
