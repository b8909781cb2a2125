//! TODO ldap
