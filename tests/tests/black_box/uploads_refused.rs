//! What a resumable or plain upload is refused for, each with its reason, and what stays as it was.

use crate::uploads::*;
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use data_encoding::BASE64;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tongban_tests::hall::Hall;
use tongban_tests::http::{get, send};
use tongban_tests::sample::upload;

#[tokio::test]
async fn a_part_that_differs_from_its_checksum_is_not_kept() {
    let hall = Hall::open(&[]).await;
    let bytes = file(9_000);
    let path = created(hall.public, bytes.len()).await;
    let (one, two) = bytes.split_at(4_500);
    let sha1 = |bytes: &[u8]| {
        let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        context.update(bytes);
        format!("sha1 {}", BASE64.encode(context.finish().as_ref()))
    };
    let sha2 = format!("sha256 {}", BASE64.encode(digest(&SHA256, two).as_ref()));
    let wrong = patch(
        hall.public,
        &path,
        0,
        &[("upload-checksum", &sha1(two))],
        one,
    )
    .await;
    refused("another part's checksum", &wrong, 460, "checksum_mismatch");
    assert_eq!(offset(hall.public, &path).await, 0);
    let right = patch(
        hall.public,
        &path,
        0,
        &[("upload-checksum", &sha1(one))],
        one,
    )
    .await;
    assert_eq!(right.status, 204, "{}", right.text());
    let wrong = patch(
        hall.public,
        &path,
        4_500,
        &[("upload-checksum", &sha2)],
        one,
    )
    .await;
    refused("the last part too", &wrong, 460, "checksum_mismatch");
    let right = patch(
        hall.public,
        &path,
        4_500,
        &[("upload-checksum", &sha2)],
        two,
    )
    .await;
    assert_eq!(right.status, 204, "{}", right.text());
    assert_eq!(state(hall.public, &path).await["sha256"], sha256(&bytes));
    let other = created(hall.public, 10).await;
    for bad in ["crc32 AAAA", "sha1 AAAA", "sha1"] {
        let answer = patch(
            hall.public,
            &other,
            0,
            &[("upload-checksum", bad)],
            b"%PDF-",
        )
        .await;
        refused(bad, &answer, 400, "bad_header");
    }
    assert_eq!(offset(hall.public, &other).await, 0);
}

#[tokio::test]
async fn every_wrong_creation_is_refused_with_its_reason() {
    let hall = Hall::open(&[]).await;
    let pdf = metadata("a.pdf", "application/pdf");
    let (path_name, script) = (
        metadata("../a.pdf", "application/pdf"),
        metadata("a.htm", "text/html"),
    );
    let no_type = format!("filename {}", BASE64.encode(b"a.pdf"));
    let length = ("upload-length", "10");
    let described = ("upload-metadata", pdf.as_str());
    for (what, headers, status, code) in [
        ("no version", vec![length, described], 412, "tus_version"),
        (
            "another version",
            vec![("tus-resumable", "0.2.2"), length, described],
            412,
            "tus_version",
        ),
        ("no length", vec![TUS, described], 400, "bad_header"),
        (
            "no number",
            vec![TUS, ("upload-length", "ten"), described],
            400,
            "bad_header",
        ),
        (
            "negative",
            vec![TUS, ("upload-length", "-1"), described],
            400,
            "bad_header",
        ),
        (
            "deferred",
            vec![TUS, ("upload-defer-length", "1"), described],
            400,
            "bad_header",
        ),
        (
            "too long",
            vec![TUS, ("upload-length", "209715201"), described],
            413,
            "body_too_large",
        ),
        ("no metadata", vec![TUS, length], 400, "bad_header"),
        (
            "no base64",
            vec![TUS, length, ("upload-metadata", "filename !")],
            400,
            "bad_header",
        ),
        (
            "name with a path",
            vec![TUS, length, ("upload-metadata", &path_name)],
            400,
            "bad_header",
        ),
        (
            "script",
            vec![TUS, length, ("upload-metadata", &script)],
            415,
            "media_type_not_allowed",
        ),
        (
            "no type",
            vec![TUS, length, ("upload-metadata", &no_type)],
            415,
            "media_type_not_allowed",
        ),
    ] {
        let answer = send(hall.public, "POST", "/api/v1/materials", &headers, "").await;
        refused(what, &answer, status, code);
        if status == 412 {
            assert_eq!(answer.header("tus-version"), Some("1.0.0"), "{what}");
        }
    }
    let form = [TUS, length, described, ("content-type", "application/pdf")];
    let answer = send(
        hall.public,
        "POST",
        "/api/v1/materials",
        &form,
        "%PDF-12345",
    )
    .await;
    refused(
        "bytes as something else",
        &answer,
        415,
        "offset_stream_expected",
    );
    nothing_panicked(&hall).await;
}

#[tokio::test]
async fn every_wrong_part_is_refused_with_its_reason_and_changes_nothing() {
    let hall = Hall::open(&[]).await;
    let path = created(hall.public, 10).await;
    assert_eq!(
        patch(hall.public, &path, 0, &[], b"%PDF-").await.status,
        204
    );
    let at = |text| ("upload-offset", text);
    let unchanged = path.clone();
    let nowhere = "/api/v1/materials/00000000000000000000000000000000";
    for (what, path, headers, bytes, status, code) in [
        (
            "no version",
            path.as_str(),
            vec![PART, at("5")],
            "12345",
            412,
            "tus_version",
        ),
        (
            "another version",
            &path,
            vec![("tus-resumable", "1.0.1"), PART, at("5")],
            "12345",
            412,
            "tus_version",
        ),
        (
            "no type",
            &path,
            vec![TUS, at("5")],
            "12345",
            415,
            "offset_stream_expected",
        ),
        (
            "another type",
            &path,
            vec![TUS, at("5"), ("content-type", "application/pdf")],
            "12345",
            415,
            "offset_stream_expected",
        ),
        (
            "no offset",
            &path,
            vec![TUS, PART],
            "12345",
            400,
            "bad_header",
        ),
        (
            "no number",
            &path,
            vec![TUS, PART, at("five")],
            "12345",
            400,
            "bad_header",
        ),
        (
            "before",
            &path,
            vec![TUS, PART, at("4")],
            "12345",
            409,
            "wrong_offset",
        ),
        (
            "beyond",
            &path,
            vec![TUS, PART, at("6")],
            "12345",
            409,
            "wrong_offset",
        ),
        (
            "too much",
            &path,
            vec![TUS, PART, at("5")],
            "123456",
            413,
            "beyond_length",
        ),
        (
            "unknown",
            nowhere,
            vec![TUS, PART, at("0")],
            "12345",
            404,
            "unknown_material",
        ),
        (
            "no id at all",
            "/api/v1/materials/..%2F..%2Fx",
            vec![TUS, PART, at("0")],
            "12345",
            404,
            "unknown_material",
        ),
    ] {
        let answer = send(hall.public, "PATCH", path, &headers, bytes).await;
        refused(what, &answer, status, code);
        assert_eq!(offset(hall.public, &unchanged).await, 5, "{what}");
    }
    for (method, what) in [("HEAD", "HEAD"), ("DELETE", "DELETE")] {
        let answer = send(hall.public, method, nowhere, &[TUS], "").await;
        assert_eq!(answer.status, 404, "{what}");
        let answer = send(
            hall.public,
            method,
            &path,
            &[("tus-resumable", "2.0.0")],
            "",
        )
        .await;
        assert_eq!(
            (answer.status, answer.header("tus-version")),
            (412, Some("1.0.0")),
            "{what}"
        );
    }
    assert_eq!(
        patch(hall.public, &path, 5, &[], b"12345").await.status,
        204
    );
    let more = patch(hall.public, &path, 10, &[], b"6").await;
    refused("after the end", &more, 413, "beyond_length");
    let again = patch(hall.public, &path, 5, &[], b"12345").await;
    refused("the last part again", &again, 409, "wrong_offset");
    nothing_panicked(&hall).await;
}

#[tokio::test]
async fn an_upload_that_lies_about_its_type_is_refused_and_both_types_are_named() {
    let hall = Hall::open(&[]).await;
    let name = ("x-file-name", "a.png");
    for (declared, bytes, looks_like) in [
        (
            "image/png",
            &b"%PDF-1.7 not a picture"[..],
            "application/pdf",
        ),
        (
            "application/pdf",
            b"MZ\x90\0\x03\0\0\0",
            "application/x-executable",
        ),
        ("application/pdf", b"", "an empty file"),
        ("image/jpeg", b"<html><script>", "text/html"),
        ("text/plain", b"\0\0\0\x01", "application/octet-stream"),
    ] {
        let headers = [("content-type", declared), name, ("accept-language", "en")];
        let answer = send(
            hall.public,
            "POST",
            "/api/v1/materials",
            &headers,
            bytes.to_vec(),
        )
        .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "content_differs_from_type"),
            "{declared}"
        );
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.contains(declared) && detail.contains(looks_like),
            "{detail}"
        );
    }
    // Byte by byte it does not come in either.
    let path = created(hall.public, 3).await;
    for (at, byte) in [(0, b"M"), (1, b"Z")] {
        assert_eq!(patch(hall.public, &path, at, &[], byte).await.status, 204);
    }
    let last = patch(hall.public, &path, 2, &[], b"\0").await;
    refused("the last byte", &last, 422, "content_differs_from_type");
    assert_eq!(get(hall.public, &path).await.status, 404);
    // Of a large one it is told at the beginning.
    let path = created(hall.public, 50_000_000).await;
    let first = patch(hall.public, &path, 0, &[], &[b'x'; 20_000]).await;
    refused("the first bytes", &first, 422, "content_differs_from_type");
}

#[tokio::test]
async fn a_client_has_its_caps() {
    let settings =
        "intake: { unbound_files_max: 3, unbound_bytes_max: 20000000, uploads_at_once_max: 1 }\n";
    let hall = Hall::open_with(&[], settings).await;
    let too_many = create(hall.public, 20_000_001, &[], b"").await;
    refused("bytes announced", &too_many, 429, "upload_cap");
    assert_eq!(too_many.header("retry-after"), Some("3600"));
    let bytes = file(10 << 20);
    let held = created(hall.public, bytes.len()).await;
    let other = created(hall.public, 5_000).await;
    upload(hall.public, b"%PDF-1.7").await;
    let fourth = create(hall.public, 10, &[], b"").await;
    refused("a fourth file", &fourth, 429, "upload_cap");
    let pdf = [
        ("content-type", "application/pdf"),
        ("x-file-name", "a.pdf"),
    ];
    let plain = send(hall.public, "POST", "/api/v1/materials", &pdf, "%PDF-1.7").await;
    assert_eq!((plain.status, plain.code().as_str()), (429, "upload_cap"));
    let (mut first, sent) = being_written(hall.public, &held, &bytes).await;
    let second = patch(hall.public, &other, 0, &[], &bytes[..10]).await;
    refused("a second one at once", &second, 429, "uploads_at_once");
    assert_eq!(second.header("retry-after"), Some("5"));
    first.write_all(&bytes[sent..]).await.unwrap();
    let mut answer = vec![0; 12];
    first.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 204");
    assert_eq!(
        patch(hall.public, &other, 0, &[], &bytes[..10])
            .await
            .status,
        204
    );
    // What is removed makes room.
    assert_eq!(
        send(hall.public, "DELETE", &other, &[TUS], "").await.status,
        204
    );
    assert_eq!(create(hall.public, 10, &[], b"").await.status, 201);
}
