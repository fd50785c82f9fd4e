import "../../page/style.css";
import { startPage } from "../../page/page.js";
import { connect } from "./connection.js";

startPage(connect, "Apollo Client");
