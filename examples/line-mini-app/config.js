// The three things that are yours.
export const LIFF_ID = "1234567890-AbcdEfgh"; // of your channel, in the LINE Developers Console
export const MEGURI = "https://stamps.example.org"; // the service's address, without a slash at its end
export const RALLY = "tokyo-antenna-shops"; // the rally's id
