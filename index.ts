import { program } from "plinth";

export default program({ dir: import.meta.dirname });
