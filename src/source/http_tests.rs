//! Sentences about a repository over http.
