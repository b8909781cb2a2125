//! The answer to an LDAP ping (MS-ADTS section 6.3.3).

use super::directory::names::DomainNames;

/// Where the first name stands, and a pointer to it (RFC 1035 section 4.1.4).
const FIRST_NAME: usize = 24;
const TO_FIRST_NAME: [u8; 2] = [0xc0, FIRST_NAME as u8];

/// A NETLOGON_SAM_LOGON_RESPONSE_EX (MS-ADTS section 6.3.1.9) of the first controller to a client in this AD site.
pub(super) fn answer(names: &DomainNames, client_site: &str) -> Vec<u8> {
    let mut answer = vec![23, 0, 0, 0];
    answer.extend(0x3fd_u32.to_le_bytes());
    answer.extend([0; 16]);
    names.dns_name().split('.').for_each(|label| push_label(&mut answer, label));
    answer.push(0);
    // The domain is the forest's root, and what its controller is called begins with its own name.
    answer.extend(TO_FIRST_NAME);
    push_label(&mut answer, "dc1");
    answer.extend(TO_FIRST_NAME);
    for name in [names.netbios_name(), "DC1", "", "Default-First-Site-Name", client_site] {
        push_label(&mut answer, name);
        if !name.is_empty() {
            answer.push(0);
        }
    }
    answer.extend([5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    answer
}

/// Without characters it is the end of a name.
fn push_label(answer: &mut Vec<u8>, label: &str) {
    answer.push(u8::try_from(label.len()).unwrap_or_default());
    answer.extend_from_slice(label.as_bytes());
}
