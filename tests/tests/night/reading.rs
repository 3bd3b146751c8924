//! What a recipient can read.

use mash_domain::data_class::ClassSet;
use mash_proto::{disclosure::v1::Content, minimise::classes_present};
use prost::Message;

/// The classes that the content holds.
pub(crate) fn classes(content: &Content) -> ClassSet {
    classes_present(&content.encode_to_vec()).unwrap()
}

/// Whether the text stands anywhere in the content, however deep.
pub(crate) fn says(content: &Content, text: &str) -> bool {
    // Strings stand in the encoding as they are.
    let bytes = content.encode_to_vec();
    let (text, bytes) = (text.to_lowercase(), String::from_utf8_lossy(&bytes).to_lowercase());
    bytes.contains(&text)
}
