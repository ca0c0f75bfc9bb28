// What the mini-app says of its own; why a scan gave no stamp, the service says in the same language.
const WORDS = {
  ja: {
    scan: "コードを読み取る",
    stamps: (n) => `スタンプ ${n}個`,
    none: "スタンプはまだありません。お店のコードを読み取ってください。",
    stamped: (spot) => `「${spot}」のスタンプを押しました。`,
    visited: (spot) => `「${spot}」のご来訪を記録しました。`,
    already_stamped: (spot) => `「${spot}」のスタンプは、すでに押してあります。`,
    waiting: (n) => `${n}件の読み取りを保存しました。電波が届きしだい、自動で送ります。`,
    prizes: "賞品",
    reached: "達成しました",
    to_go: (n) => `あと${n}`,
    whole: "賞品画面・くわしいスタンプ帳を開く",
    unreachable: "つながりません。電波のよい場所で、もう一度開いてください。",
    no_camera: "読み取れませんでした。LINEの中で開いているか、カメラを許可しているかをお確かめください。",
  },
  en: {
    scan: "Scan a code",
    stamps: (n) => `Stamps: ${n}`,
    none: "No stamps yet. Scan the code in a shop.",
    stamped: (spot) => `Stamped: ${spot}.`,
    visited: (spot) => `Your visit counts: ${spot}.`,
    already_stamped: (spot) => `You have this stamp already: ${spot}.`,
    waiting: (n) => `Scans kept: ${n}. They are sent by themselves as soon as there is a signal.`,
    prizes: "Prizes",
    reached: "Reached",
    to_go: (n) => `${n} to go`,
    whole: "Open the whole card, with its prizes",
    unreachable: "No connection. Please open this again where the signal is better.",
    no_camera: "Nothing was scanned. Is this open in LINE, and is the camera allowed?",
  },
};

export const LANGUAGE = navigator.language.startsWith("ja") ? "ja" : "en";
export const words = WORDS[LANGUAGE];
export const named = (names) => names[LANGUAGE] ?? names.en ?? Object.values(names)[0];
