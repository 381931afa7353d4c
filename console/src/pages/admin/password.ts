// A password that can be read out on the telephone: 20 letters and digits that cannot be mistaken for each other, 98 bits.
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"; // 31

export function newPassword(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes)): string {
  let found = "";
  while (found.length < 20) {
    for (const byte of random(new Uint8Array(32))) {
      if (byte < 248 && found.length < 20) found += LETTERS[byte % 31]; // 248 = 8 × 31: every letter is as likely as another
    }
  }
  return found.replace(/(.{5})(?=.)/g, "$1-");
}
