// Node-RED without its editor, on loopback alone, and telling nobody.
module.exports = {
  uiHost: "127.0.0.1",
  uiPort: process.env.PORT,
  httpAdminRoot: false,
  // So that function nodes may use Node's own modules `crypto` and `fs`.
  functionExternalModules: true,
  apiMaxLength: "5mb",
  diagnostics: { enabled: false },
  telemetry: { enabled: false, updateNotification: false },
  credentialSecret: false,
  logging: { console: { level: "info" } },
};
