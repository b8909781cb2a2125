//! What the name of an operating system tells: its family, whether it names a product at all, and which product of a table
//! of support dates it is. Pure: a text and a version go in, and what is not plain stays open.

mod cpe;
mod edition;
mod family;
mod found;
mod lifecycle;
mod product;
mod release;
mod windows;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use family::{OsFamily, names_product};
pub(crate) use lifecycle::Lifecycle;
pub(crate) use product::Product;
