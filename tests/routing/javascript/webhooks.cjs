// Does with the published library what JSON on stdin asks for, and says on stdout how it went.
// Run: node webhooks.cjs FOLDER, where FOLDER holds node_modules.
const { createPublicKey, verify } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { Webhook } = createRequire(`${process.argv[2]}/`)("standardwebhooks");

const does = {
  verify: ({ key, headers, body }) => new Webhook(key).verify(body, headers),
  sign: ({ key, id, at, body }) => new Webhook(key).sign(id, new Date(at * 1000), body),
  // The library knows no `v1a`; this is what an agency writes instead.
  verify_v1a: ({ key, headers, body }) => {
    const x = Buffer.from(key.slice("whpk_".length), "base64").toString("base64url");
    const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    const content = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
    const given = headers["webhook-signature"].split(" ").filter((one) => one.startsWith("v1a,"));
    if (!given.some((one) => verify(null, content, publicKey, Buffer.from(one.slice(4), "base64")))) {
      throw new Error("No matching signature found");
    }
  },
};

function told(asked) {
  try {
    return { value: does[asked.do](asked) ?? null };
  } catch (error) {
    return { error: `${error.name}: ${error.message}` };
  }
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(told)));
