//! What the simulators say cannot happen, never does: every such switch is set, everything is exercised, and none is used.

use crate::cells::Never;
use crate::journey::Journey;
use crate::ledger::{ended_right, quiet_log};
use crate::plan::seed;
use crate::run::hastened;
use tongban_tests::hall::Hall;

/// Each course once with all impossible switches of this kind set.
pub(crate) async fn nothing_fires(kind: &'static str, never: Vec<Never>) {
    let seed = seed().to_string();
    let mut texts: Vec<String> = Vec::new();
    for cell in &never {
        assert!(cell.reason.len() > 20, "no reason is given for {cell:?}");
        println!("never {} in {}: {}", cell.switch, cell.phase, cell.reason);
        texts.push(format!("{},phase={}", cell.switch, cell.phase));
    }
    assert!(!texts.is_empty());
    for journey in [Journey::Correction, Journey::Withdrawal, Journey::Collected] {
        let more = ["--scenario", journey.scenario(), "--seed", &seed];
        let mut hall = Hall::open_edited(&[(kind, &more)], &|_, text| hastened(&text)).await;
        let partner = hall.partner(kind);
        let mut set: Vec<&str> = texts.iter().map(String::as_str).collect();
        // Somebody must ask, too.
        set.push("drop,phase=submit,times=1");
        partner.set(&set).await;
        let taken = journey.begin(&hall, kind).await;
        ended_right(&hall, kind, journey, &taken).await;
        for switch in partner.switches().await {
            let helper = switch["switch"] == "drop" && switch["phase"] == "submit";
            let wanted = u64::from(helper);
            assert_eq!(switch["used"], wanted, "{kind}: {switch}");
        }
        let totals = partner.totals().await;
        for phase in exercised(kind, journey) {
            assert!(totals[phase].as_u64() >= Some(1), "{phase}: {totals}");
        }
        quiet_log(&mut hall);
    }
}

/// Phases that a course cannot do without.
fn exercised(kind: &str, journey: Journey) -> Vec<&'static str> {
    let mut phases = vec!["submit", "query", "document"];
    match kind {
        "rest" => phases.extend(["number", "feedback"]),
        "soap" => phases.push("feedback"),
        _ => phases.push("pull"),
    }
    match journey {
        Journey::Correction => phases.push("supplement"),
        Journey::Withdrawal => phases.push("withdraw"),
        Journey::Immediate | Journey::Collected => {}
    }
    phases
}
