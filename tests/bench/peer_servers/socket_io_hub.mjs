// Socket.IO as a hub: `node socket_io_hub.mjs PORT`. A line `EVENTS SIZE` on standard input makes it emit so
// many events of so many bytes to every socket. The adapter is the one in memory: no other process is asked.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";

const http = createServer((_request, response) => response.end("hello"));
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false });
http.listen(Number(process.argv[2]), "127.0.0.1");

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const [events, size] = line.split(" ").map(Number);
    const event = { type: "note", text: "x".repeat(size) };
    for (let sent = 0; sent < events; sent += 1) io.emit("note_added", event);
  })
  .on("close", () => process.exit(0));
