//! Which names are names of secrets. Too many rather than too few: `--show-values` shows what was hidden in vain.

/// Words that make a name one of a secret, wherever they stand in it.
const WORDS: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "pwd",
    "psk",
    "secret",
    "secrets",
    "token",
    "tokens",
    "credential",
    "credentials",
    "creds",
    "apikey",
    "apikeys",
    "accesskey",
    "privatekey",
    "secretkey",
    "bearer",
    "cookie",
    "cookies",
    "dsn",
    "webhook",
    "jwt",
    "htpasswd",
    "kubeconfig",
];

/// Parts that make any word that holds them a secret's: `DBPASSWORD`, `clientsecret`.
const PARTS: &[&str] = &["password", "passwd", "passphrase", "secret", "apikey", "accesskey", "privatekey", "credential"];

/// Words that do so as the last one: `DB_PASS`, `basic-auth`.
const LAST: &[&str] = &["pass", "auth", "authorization", "pin", "otp", "salt", "signature"];

/// What makes a key a secret one: `API_KEY`, `signingKeys`. `key` alone is any key.
const KEYS: &[&str] = &[
    "access",
    "account",
    "api",
    "auth",
    "client",
    "crypt",
    "deploy",
    "encryption",
    "hmac",
    "license",
    "master",
    "private",
    "routing",
    "secret",
    "service",
    "session",
    "shared",
    "signing",
    "ssh",
    "ssl",
    "storage",
    "tls",
    "write",
];

/// Last words that say what is told *about* a secret: where it is, what it is called, how long it lives.
const ABOUT: &[&str] = &[
    "arn",
    "arns",
    "bucket",
    "count",
    "days",
    "enabled",
    "endpoint",
    "expiration",
    "expiry",
    "file",
    "format",
    "header",
    "host",
    "hours",
    "issuer",
    "length",
    "limit",
    "manager",
    "method",
    "minutes",
    "mode",
    "name",
    "names",
    "parameter",
    "path",
    "policy",
    "port",
    "prefix",
    "provider",
    "region",
    "rotation",
    "seconds",
    "size",
    "timeout",
    "ttl",
    "type",
    "url",
    "validity",
    "version",
];

/// Whether a value of this name is not to be printed: an environment variable, a label, an option, a parameter, a flag of a
/// command. Names may be written in any way: `DB_PASSWORD`, `splunk-token`, `MasterUserPassword`, `x.api.key`.
pub fn is_secret(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else { return false };
    // The address of a webhook is the secret.
    let webhook = words.iter().any(|word| word == "webhook");
    if ABOUT.contains(&last.as_str()) && !webhook {
        return false;
    }
    LAST.contains(&last.as_str())
        || words.iter().any(|word| WORDS.contains(&word.as_str()) || PARTS.iter().any(|part| word.contains(part)))
        || words.windows(2).any(|pair| matches!(pair[1].as_str(), "key" | "keys") && KEYS.contains(&pair[0].as_str()))
}

/// In lower case, apart where case, digits' neighbours and punctuation part them.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (index, letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        let before = index.checked_sub(1).map(|before| letters[before]);
        let follows_lower = before.is_some_and(|before| before.is_lowercase() || before.is_ascii_digit());
        // The last capital of `DBPassword` begins the word.
        let begins_lower =
            before.is_some_and(char::is_uppercase) && letters.get(index + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (follows_lower || begins_lower) {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        word.extend(letter.to_lowercase());
    }
    words.extend((!word.is_empty()).then_some(word));
    // `TOKEN2` is the second of them.
    for word in &mut words {
        let bare = word.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        word.truncate(if bare == 0 { word.len() } else { bare });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_however_they_are_written() {
        for name in [
            "splunk-token",
            "token",
            "DB_PASSWORD",
            "DBPassword",
            "dbpassword",
            "MasterUserPassword",
            "password",
            "API_KEY",
            "apiKey",
            "x-api-key",
            "datadog.api.key",
            "AWS_SECRET_ACCESS_KEY",
            "clientSecret",
            "GITHUB_TOKEN2",
            "DB_PASS",
            "basic-auth",
            "SLACK_WEBHOOK_URL",
            "SENTRY_DSN",
            "sshPrivateKey",
            "Authorization",
            "SIGNING_KEYS",
            "com.example.credentials",
        ] {
            assert!(is_secret(name), "{name}");
        }
    }

    #[test]
    fn what_only_speaks_of_a_secret_is_no_secret() {
        for name in [
            "image",
            "awslogs-group",
            "KeyName",
            "KmsKeyId",
            "PASSWORD_FILE",
            "SecretArn",
            "secretName",
            "tokenTtl",
            "TOKEN_URL",
            "secretManager",
            "author",
            "passenger",
            "compass",
            "monkey",
            "tokenizer",
            "",
            "--",
            "valueFrom",
            "environment",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
