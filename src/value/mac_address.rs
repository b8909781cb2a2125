//! Addresses of network cards.

/// An address of a network card (EUI-48 or EUI-64) in one spelling, `00:1b:44:11:3a:b7`, or the reason why a text is none.
///
/// Understood are pairs of digits with colons, dashes or blanks between them, groups of four as Cisco writes them
/// (`001b.4411.3ab7`), all digits in one piece, and the pairs of Solaris and macOS, which leave a leading zero out.
/// All zeros and the broadcast address are what stands where no card is.
pub(crate) fn mac_address(text: &str) -> Result<String, &'static str> {
    let digits = digits(text.trim()).ok_or("it is no MAC address, such as 00:1b:44:11:3a:b7")?;
    if ['0', 'f'].into_iter().any(|only| digits.chars().all(|digit| digit == only)) {
        return Err("it is the address of no card");
    }
    let pairs = digits.as_bytes().chunks(2).map(String::from_utf8_lossy);
    Ok(pairs.collect::<Vec<_>>().join(":"))
}

/// The digits of an address, 12 or 16 of them, in lower case.
fn digits(text: &str) -> Option<String> {
    let separator = text.chars().find(|c| matches!(c, ':' | '-' | '.' | ' '));
    let groups: Vec<&str> = match separator {
        Some(separator) => text.split(separator).collect(),
        None => vec![text],
    };
    let is_short = |group: &&str| (1..=2).contains(&group.len());
    let length = groups.first()?.len();
    let digits: String = match separator {
        Some(':') if groups.iter().all(is_short) => {
            groups.iter().map(|group| format!("{group:0>2}")).collect()
        }
        Some(_) if matches!(length, 2 | 4) && groups.iter().all(|it| it.len() == length) => {
            groups.concat()
        }
        None => text.to_owned(),
        Some(_) => return None,
    };
    let is_address =
        matches!(digits.len(), 12 | 16) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_address.then(|| digits.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::mac_address;

    #[test]
    fn every_usual_spelling_is_the_same_address() {
        for text in [
            "00:1b:44:11:3a:b7",
            "00:1B:44:11:3A:B7",
            "0:1b:44:11:3a:b7",
            "00-1B-44-11-3A-B7",
            "00 1b 44 11 3a b7",
            "001b.4411.3ab7",
            "001b:4411:3ab7",
            "001B44113AB7",
            " 001b44113ab7 ",
        ] {
            assert_eq!(mac_address(text).as_deref(), Ok("00:1b:44:11:3a:b7"), "{text}");
        }
        for text in ["02:00:00:ff:fe:00:00:01", "0200.00ff.fe00.0001", "0200 00ff fe00 0001"] {
            assert_eq!(mac_address(text).as_deref(), Ok("02:00:00:ff:fe:00:00:01"), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_card_is_refused() {
        for text in [
            "",
            ":",
            "web1",
            "00:1b:44:11:3a",
            "00:1b:44:11:3a:b7:00",
            "00:1b:44:11:3a:bg",
            "00-1b:44-11:3a-b7",
            "001b-44:113a-b7",
            "00::44:11:3a:b7",
            "001b44113ab",
            "10.0.0.5",
            "\u{661}01b44113ab7",
            "00:00:00:00:00:00",
            "FF-FF-FF-FF-FF-FF",
        ] {
            assert!(mac_address(text).is_err(), "{text}");
        }
    }
}
