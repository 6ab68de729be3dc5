//! A client of gSOAP, generated from our WSDL and compiled on the spot.

use super::callback::{NOTE, Platform};
use super::peer::{finished, lines, program};
use std::path::Path;
use tongban_tests::hall::repository;
use tongban_tests::http::get;

const PACKAGES: &str = "gsoap, libgsoap-dev";

/// wsdl2h, soapcpp2 and cc: gives the path of the client.
async fn compiled(folder: &Path, wsdl: &str, style: &str, version: &str) -> String {
    let sources = repository("tests/peers/gsoap");
    std::fs::write(folder.join("callback.wsdl"), wsdl).unwrap();
    let run = |name: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(program(name, PACKAGES));
        command.args(arguments).current_dir(folder);
        finished(command)
    };
    run(
        "wsdl2h",
        &["-c", "-n", "cb", "-o", "callback.h", "callback.wsdl"],
    )
    .await;
    let mut header = std::fs::read_to_string(folder.join("callback.h")).unwrap();
    header.push_str(&std::fs::read_to_string(sources.join("no_such_operation.h")).unwrap());
    std::fs::write(folder.join("callback.h"), header).unwrap();
    // The version that it speaks is chosen when the client is made.
    let speaks = if version == "1.1" { "-1" } else { "-2" };
    run("soapcpp2", &["-c", "-C", "-L", "-x", speaks, "callback.h"]).await;
    let client = sources.join("call_callback.c").display().to_string();
    let mut arguments = vec![
        "-w",
        "-I.",
        "-o",
        "client",
        &client,
        "soapC.c",
        "soapClient.c",
        "-lgsoap",
    ];
    if style == "document" {
        arguments.push("-DDOCUMENT");
    }
    run("cc", &arguments).await;
    folder.join("client").display().to_string()
}

async fn calls(style: &'static str) {
    for version in ["1.1", "1.2"] {
        let platform = Platform::open(style, "both", NOTE).await;
        let path = platform.wsdl.split_once("/exchange").unwrap().1;
        let wsdl = get(platform.case.hall.exchange, &format!("/exchange{path}")).await;
        assert_eq!(wsdl.status, 200, "{}", wsdl.text());
        let folder = platform.case.hall.folder().join("gsoap");
        std::fs::create_dir(&folder).unwrap();
        let client = compiled(&folder, &wsdl.text(), style, version).await;
        let address = platform.wsdl.trim_end_matches("?wsdl");
        let mut command = std::process::Command::new(client);
        command.args(platform.arguments(address, version, &[]));
        let said = lines(&finished(command).await);
        platform.answered(&said, version, "Client");
        platform.happened(NOTE).await;
    }
}

#[tokio::test]
async fn gsoap_calls_our_callback_in_rpc_style_over_soap_11_and_12() {
    calls("rpc").await;
}

#[tokio::test]
async fn gsoap_calls_our_callback_in_document_style_over_soap_11_and_12() {
    calls("document").await;
}
