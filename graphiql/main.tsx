import "./workers.js";
import "graphiql/style.css";
import "./page.css";
import { createRoot } from "react-dom/client";
import { App } from "./app.js";

createRoot(document.getElementById("root")!).render(<App />);
