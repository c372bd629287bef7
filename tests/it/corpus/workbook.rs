//! What must hold for any bytes in the place of the vendor's workbook: shared by the corpus test and the fuzz targets.

use api_core::ErrorKind;
use cove_api::management::read_high_watermark;
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A sheet as it stands in a workbook: bytes that are no workbook are put into one as its sheet.
pub(crate) const SHEET: &[u8] = br#"<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>DeviceId</v></c><c r="B1" t="str"><v>CustomerId</v></c><c r="C1" t="inlineStr"><is><t>SelectedSizeGb</t></is></c><c r="D1" t="str"><v>O365Users</v></c><c r="E1" t="str"><v>RecoveryTesting</v></c></row><row r="2"><c r="A2"><v>900002</v></c><c r="B2" t="str"><v>100100</v></c><c r="C2"><v>2611.2</v></c><c r="D2"><v>0</v></c><c r="E2" t="b"><v>1</v></c></row><row r="3"><c r="A3" t="str"><v>-</v></c><c r="D3" t="e"><v>#N/A</v></c></row></sheetData></worksheet>"#;

/// What a workbook needs beside its sheet.
const PARTS: [(&str, &str); 3] = [
    (
        "_rels/.rels",
        r#"<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    (
        "xl/workbook.xml",
        r#"<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="x" sheetId="1" r:id="r1"/></sheets></workbook>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
    ),
];

/// A workbook with nothing but this sheet.
pub(crate) fn workbook(sheet: &[u8]) -> Vec<u8> {
    let mut file = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let parts = PARTS.map(|(name, text)| (name, text.as_bytes()));
    for (name, part) in parts
        .into_iter()
        .chain([("xl/worksheets/sheet1.xml", sheet)])
    {
        file.start_file(name, plain).unwrap();
        file.write_all(part).unwrap();
    }
    file.finish().unwrap().into_inner()
}

/// A workbook is refused in one line that names the call, or read the same each time.
pub(crate) fn high_watermark(bytes: &[u8]) {
    let wrapped;
    let file = if bytes.starts_with(b"PK") {
        bytes
    } else {
        wrapped = workbook(bytes);
        &wrapped
    };
    match read_high_watermark(file) {
        Ok(report) => assert_eq!(read_high_watermark(file).unwrap(), report),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(error.operation().is_some(), "{error}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}
